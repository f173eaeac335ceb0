#include "cocheck/detail/interrupt.hpp"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <iostream>

#include "cocheck/detail/interrupt_scope.hpp"

namespace cocheck::detail {

namespace {

constexpr std::array kSignals{SIGINT, SIGTERM};

constinit std::array<struct sigaction, kSignals.size()> previous_actions{};
constinit int scopes = 0;
constinit std::atomic<int> here{0};  // where no memory can be shared

/// In memory that forked processes share.
constinit std::atomic<int>* caught = &here;

void share_memory() {
  if (caught != &here) return;
  void* memory =
      ::mmap(nullptr, sizeof(int), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) caught = ::new (memory) std::atomic<int>(0);
}

void put_back() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], &previous_actions[i], nullptr);
  }
}

void on_signal(int signal) {
  if (caught->exchange(signal) == 0) return;
  put_back();
  ::raise(signal);
}

void install() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &previous_actions[i]);
    if ((previous_actions[i].sa_flags & SA_SIGINFO) == 0 &&
        previous_actions[i].sa_handler == SIG_IGN) {
      continue;
    }
    struct sigaction action {};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART | SA_NODEFER;
    sigemptyset(&action.sa_mask);
    ::sigaction(kSignals[i], &action, nullptr);
  }
}

}  // namespace

int interrupted_by() noexcept {
  return caught->load(std::memory_order_relaxed);
}

bool time_is_up(std::optional<std::chrono::steady_clock::time_point> deadline) {
  return interrupted_by() != 0 || (deadline && std::chrono::steady_clock::now() >= *deadline);
}

const char* interruption_in_words() noexcept {
  return interrupted_by() == SIGTERM ? "interrupted by SIGTERM" : "interrupted by SIGINT";
}

void leave_interrupts_to_parent() noexcept {
  if (scopes == 0) return;
  for (const int signal : kSignals) ::signal(signal, SIG_IGN);
}

InterruptScope::InterruptScope() {
  if (scopes++ > 0) return;
  share_memory();
  caught->store(0);
  install();
}

InterruptScope::~InterruptScope() {
  const bool ends = ends_program();
  if (--scopes > 0) return;
  put_back();
  if (!ends) return;
  const int signal = caught->exchange(0);
  std::cout.flush();
  std::fflush(nullptr);
  ::raise(signal);
}

bool InterruptScope::ends_program() const noexcept {
  return scopes == 1 && interrupted();
}

bool InterruptScope::interrupted() noexcept {
  return interrupted_by() != 0;
}

}  // namespace cocheck::detail
