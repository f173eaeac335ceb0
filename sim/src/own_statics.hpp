#pragma once

#include <cstddef>

/// For a static of cocheck's that changes while a step runs: no part of any model.
#define COCHECK_OWN __attribute__((section("cocheck_own")))

// Where the linker puts these.
extern "C" __attribute__((weak, visibility("hidden"))) std::byte __start_cocheck_own;
extern "C" __attribute__((weak, visibility("hidden"))) std::byte __stop_cocheck_own;
