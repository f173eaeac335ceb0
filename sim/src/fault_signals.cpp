#include "fault_signals.hpp"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cstddef>

namespace cocheck::detail {
namespace {

constexpr std::array kSignals{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
constexpr std::size_t kStackBytes = 256 * 1024;
constexpr std::size_t kEnoughBytes = 32 * 1024;

/// Not a member of anything with a destructor: a fault may come at any time, also at exit.
constinit std::array<std::atomic<FaultHandler>, kFaultClients> clients{};
constinit std::array<struct sigaction, kSignals.size()> previous_actions{};

const struct sigaction& previous_action(int signal) {
  std::size_t index = 0;
  while (index + 1 < kSignals.size() && kSignals[index] != signal) {
    ++index;
  }
  return previous_actions[index];
}

/// Does what would have been done had nobody here asked for the signal.
void hand_on(int signal, siginfo_t& info, void* context) {
  const struct sigaction& previous = previous_action(signal);
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(signal, &info, context);
    return;
  }
  const bool was_sent = info.si_code <= 0;
  if (previous.sa_handler == SIG_IGN && was_sent) {
    return;
  }
  if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
    return;
  }
  struct sigaction default_action {};
  default_action.sa_handler = SIG_DFL;
  sigaction(signal, &default_action, nullptr);
  // A fault of an instruction comes again when the instruction does, with the right address in
  // the core file.
  if (was_sent || signal == SIGTRAP) {
    raise(signal);
  }
}

void on_fault(int signal, siginfo_t* info, void* context) {
  for (const std::atomic<FaultHandler>& client : clients) {
    const FaultHandler handler = client.load(std::memory_order_relaxed);
    if (handler != nullptr && handler(signal, *info, context)) {
      return;
    }
  }
  hand_on(signal, *info, context);
}

void install() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction now {};
    sigaction(kSignals[i], nullptr, &now);
    if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == on_fault) {
      continue;
    }
    previous_actions[i] = now;
    struct sigaction common {};
    common.sa_sigaction = on_fault;
    common.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    sigemptyset(&common.sa_mask);
    sigaction(kSignals[i], &common, nullptr);
  }
}

/// The stack of a thread's signals, with a page below it that nobody may touch.
class SignalStack {
 public:
  SignalStack() {
    stack_t now{};
    sigaltstack(nullptr, &now);
    if ((now.ss_flags & SS_DISABLE) == 0 && now.ss_size >= kEnoughBytes) {
      return;
    }
    void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) {
      return;
    }
    constexpr std::size_t kGuardBytes = 4096;
    mprotect(memory, kGuardBytes, PROT_NONE);
    stack_t mine{};
    mine.ss_sp = memory;
    mine.ss_size = kStackBytes;
    memory_ = sigaltstack(&mine, nullptr) == 0 ? memory : nullptr;
  }
  ~SignalStack() {
    stack_t now{};
    sigaltstack(nullptr, &now);
    if (memory_ == nullptr || now.ss_sp != memory_) {
      return;
    }
    now.ss_flags = SS_DISABLE;
    if (sigaltstack(&now, nullptr) == 0) {
      munmap(memory_, kStackBytes);
    }
  }
  SignalStack(const SignalStack&) = delete;
  SignalStack& operator=(const SignalStack&) = delete;

 private:
  void* memory_ = nullptr;
};

}  // namespace

void use_signal_stack() {
  thread_local const SignalStack stack;
}

void handle_faults(FaultClient client, FaultHandler handler) {
  use_signal_stack();
  clients[static_cast<unsigned>(client)].store(handler, std::memory_order_relaxed);
  if (handler != nullptr) {
    install();
  }
}

}  // namespace cocheck::detail
