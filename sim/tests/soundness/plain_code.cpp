#include "plain_code.hpp"

int plain_read(const int* number) {
  return *number;
}

void plain_write(int* number, int value) {
  *number = value;
}

int plain_read_if(const int* first, const int* second) {
  return *first != 0 ? *second : 0;
}

int plain_call(int (*function)(void*), void* argument, const int* number) {
  const int result = function(argument);
  return result + *number;
}
