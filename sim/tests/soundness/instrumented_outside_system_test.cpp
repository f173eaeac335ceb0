// The same models, instrumented.
#include "outside_system_test.cpp"  // NOLINT(bugprone-suspicious-include)
