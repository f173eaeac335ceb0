#pragma once

#include <array>
#include <csignal>
#include <cstddef>
#include <exception>
#include <string>
#include <string_view>

#include "call_stack.hpp"
#include "cocheck/failure.hpp"

namespace cocheck::detail {

/// What made a thread leave its step, written down where nothing may be allocated.
struct Incident {
  FailureKind kind = FailureKind::crash;
  std::array<char, 512> text{};
  std::array<char, 512> place{};  // "" where only the stack tells
  CallStack stack;
  bool collecting = false;  // set while it is written: another fault then is one of writing it

  void set_text(std::string_view what) noexcept;
  void set_place(std::string_view where) noexcept;
};

/// What a fault is about, such as "SIGSEGV: reads address 0x0, a null pointer". `bottom` is where
/// the stack of the step begins.
void describe_fault(int signal, const siginfo_t& info, void* context, const void* bottom,
                    Incident& incident) noexcept;

/// Where the code of the user stood, as "path/file.cpp:12"; "" where that cannot be told.
[[nodiscard]] std::string user_place(const CallStack& stack);

/// Whether the stack goes through malloc, free or one of their like.
[[nodiscard]] bool is_in_heap(const CallStack& stack) noexcept;

}  // namespace cocheck::detail
