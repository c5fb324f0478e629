#!/bin/sh
# rpn-test.sh PROGRAM
set -u
rpn=$1
failed=0

expect() {
  wanted=$1
  shift
  got=$("$rpn" "$@" 2>&1) || got="$got ($?)"
  [ "$got" = "$wanted" ] && return
  echo "rpn $*: expected '$wanted', got '$got'" >&2
  failed=1
}

expect 14 2 3 4 x +
expect 0.5 1 2 /
expect -3 -1 2 -
expect 'rpn: /: division by zero (2)' 1 0 /
expect 'rpn: +: there are no two numbers before it (2)' 1 +
expect 'rpn: two: neither a number nor one of + - x / (2)' two
[ $failed = 0 ] && echo 'rpn-test: passed'
exit $failed
