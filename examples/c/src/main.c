/* rpn NUMBER|OPERATOR…: prints what is left on the stack. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack.h"

static int fail(const char *what, const char *word) {
  fprintf(stderr, "rpn: %s: %s\n", word, what);
  return 2;
}

static int apply(struct stack *stack, const char *word) {
  double right, left;
  if (!stack_pop(stack, &right) || !stack_pop(stack, &left)) return fail("there are no two numbers before it", word);
  switch (word[0]) {
    case '+': left += right; break;
    case '-': left -= right; break;
    case 'x': left *= right; break;
    default:
      if (right == 0) return fail("division by zero", word);
      left /= right;
  }
  stack_push(stack, left);
  return 0;
}

int main(int argc, char **argv) {
  struct stack stack = {0};
  for (int index = 1; index < argc; index++) {
    const char *word = argv[index];
    if (strlen(word) == 1 && strchr("+-x/", word[0]) != NULL) {
      int status = apply(&stack, word);
      if (status != 0) return status;
      continue;
    }
    char *end;
    double value = strtod(word, &end);
    if (end == word || *end != '\0') return fail("neither a number nor one of + - x /", word);
    if (!stack_push(&stack, value)) return fail("too many numbers", word);
  }
  for (size_t index = 0; index < stack.count; index++) printf("%g\n", stack.values[index]);
  return 0;
}
