#pragma once

// What code without instrumentation does to the memory of models; see plain_code.cpp.
extern "C" {
int plain_read(const int* number);
void plain_write(int* number, int value);
/// Reads the second number only where the first says so.
int plain_read_if(const int* first, const int* second);
/// Calls back into instrumented code, and reads behind that.
int plain_call(int (*function)(void*), void* argument, const int* number);
}
