// Does not compile: the body of a test is no coroutine, and returns nothing.

#include "cocheck/gtest.hpp"

COCHECK_TEST(NoCoroutine, Body) {
  int number = 1;
  COCHECK(number == 1);
}
