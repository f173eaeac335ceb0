#pragma once

#include <csignal>

namespace cocheck::detail {

/// A client of the signals of faults. Clients are asked in this order: who provokes a fault on
/// purpose comes before the one who takes every fault for a crash.
enum class FaultClient : unsigned char {
  /// Writes to pages that were protected so that they are noticed.
  protected_pages,
  /// SIGTRAP after each instruction.
  single_steps,
  /// Whatever is left while a step of a model runs.
  crashes,
};

inline constexpr unsigned kFaultClients = 3;

/// Tells whether the fault was this client's and is dealt with: the program then goes on where it
/// was. It runs on the signal's own stack with the signal not blocked; it may leave by siglongjmp.
using FaultHandler = bool (*)(int signal, siginfo_t& info, void* context);

/// The only owner of SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT and SIGTRAP: makes `handler` the one
/// of `client` and puts the common handler in, unless it is there. A fault that no client takes
/// goes to whoever had the signal before (a sanitizer, the user, or the end of the program).
/// nullptr takes the client off. A child process inherits all of it.
///
///     handle_faults(FaultClient::protected_pages, [](int signal, siginfo_t& info, void*) {
///       return signal == SIGSEGV && is_watched(info.si_addr) && unprotect(info.si_addr);
///     });
///
/// It costs six system calls; call it where a search begins, not in a step. The common handler
/// writes to nothing but its stack before it asks the clients.
void handle_faults(FaultClient client, FaultHandler handler);

/// Gives the calling thread a stack for its signals, so that a fault for want of stack can be
/// handled, unless it has one that is large enough. `handle_faults` does so for its caller.
void use_signal_stack();

}  // namespace cocheck::detail
