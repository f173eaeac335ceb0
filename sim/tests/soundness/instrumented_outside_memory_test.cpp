// The same models, instrumented.
#include "outside_memory_test.cpp"  // NOLINT(bugprone-suspicious-include)
