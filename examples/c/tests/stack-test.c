#undef NDEBUG
#include <assert.h>
#include <stdio.h>

#include "stack.h"

int main(void) {
  struct stack stack = {0};
  double value;
  assert(!stack_pop(&stack, &value));
  for (int number = 0; number < STACK_MOST; number++) assert(stack_push(&stack, number));
  assert(!stack_push(&stack, 1));
  assert(stack_pop(&stack, &value) && value == STACK_MOST - 1);
  assert(stack_push(&stack, 2.5));
  assert(stack_pop(&stack, &value) && value == 2.5);
  puts("stack-test: passed");
  return 0;
}
