#ifndef STACK_H
#define STACK_H

#include <stdbool.h>
#include <stddef.h>

enum { STACK_MOST = 64 };

/* Numbers, the last one pushed first. */
struct stack {
  double values[STACK_MOST];
  size_t count;
};

/* Says whether there was room. */
bool stack_push(struct stack *stack, double value);

/* Says whether there was one. */
bool stack_pop(struct stack *stack, double *value);

#endif
