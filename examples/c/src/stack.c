#include "stack.h"

bool stack_push(struct stack *stack, double value) {
  if (stack->count == STACK_MOST) return false;
  stack->values[stack->count++] = value;
  return true;
}

bool stack_pop(struct stack *stack, double *value) {
  if (stack->count == 0) return false;
  *value = stack->values[--stack->count];
  return true;
}
