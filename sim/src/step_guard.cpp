#include "cocheck/detail/step_guard.hpp"

#include <cxxabi.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>

#include "cocheck/describe.hpp"
#include "cocheck/detail/model_memory.hpp"
#include "cocheck/detail/sanitizers.hpp"
#include "fault_signals.hpp"
#include "incident.hpp"

#if COCHECK_ADDRESS_SANITIZER
extern "C" void __asan_handle_no_return();
#endif

namespace cocheck::detail {

namespace {

constinit std::atomic<std::terminate_handler> previous_terminate{nullptr};

/// What std::terminate is called for.
std::string why_terminated() {
  if (std::current_exception() == nullptr) return "std::terminate was called";
  return "std::terminate was called for an exception that nobody may catch, as behind noexcept: " +
         describe(std::current_exception());
}

[[noreturn]] void on_terminate() {
  if (StepGuard* guard = StepGuard::running()) {
    std::array<char, 400> text{};
    {
      const ModelMemory::Scope outside(nullptr);
      const std::string why = why_terminated();
      why.copy(text.data(), text.size() - 1);
    }
    guard->leave(FailureKind::crash, text.data());
  }
  if (const std::terminate_handler previous = previous_terminate) previous();
  std::abort();
}

/// exit() where nothing stands in the place of it.
void on_exit() {
  StepGuard* guard = StepGuard::running();
  if (guard == nullptr) return;
  std::atexit(on_exit);  // it is called once
  guard->leave(FailureKind::crash, "exit() was called");
}

void watch_exit() {
  [[maybe_unused]] static const int watched = std::atexit(on_exit);
}

void watch_terminate() {
  if (std::get_terminate() == on_terminate) return;
  previous_terminate = std::set_terminate(on_terminate);
}

}  // namespace

StepGuard::StepGuard() : incident_(std::make_unique<Incident>()) {
  prepare_call_stacks();
  handle_faults(FaultClient::crashes, on_fault);
  watch_terminate();
  watch_exit();
}

StepGuard::~StepGuard() = default;

StepGuard::Scope::Scope(StepGuard& guard) noexcept : previous_(active_) {
  std::memcpy(static_cast<void*>(&guard.exceptions_), abi::__cxa_get_globals(),
              sizeof guard.exceptions_);
  active_ = &guard;
}

Failure StepGuard::failure(bool with_place) const {
  Failure failure{incident_->kind, incident_->text.data(), {}};
  failure.at = incident_->place.data();
  if (with_place && failure.at.empty()) failure.at = user_place(incident_->stack);
  return failure;
}

bool StepGuard::in_heap() const noexcept {
  return is_in_heap(incident_->stack);
}

void StepGuard::leave(FailureKind kind, std::string_view what, std::string_view place) noexcept {
  incident_->kind = kind;
  incident_->set_text(what);
  incident_->set_place(place);
  incident_->stack = CallStack::here();
  land();
}

void StepGuard::leave_signal(FailureKind kind, std::string_view what, void* context) noexcept {
  incident_->kind = kind;
  incident_->set_text(what);
  incident_->set_place({});
  incident_->stack = CallStack::of_signal(context);
  land();
}

void StepGuard::land() noexcept {
  set_armed(false);
  std::memcpy(abi::__cxa_get_globals(), &exceptions_, sizeof exceptions_);
#if COCHECK_ADDRESS_SANITIZER
  __asan_handle_no_return();
#endif
  siglongjmp(landing_, 1);
}

bool StepGuard::on_fault(int signal, siginfo_t& info, void* context) {
  StepGuard* const guard = running();
  if (guard == nullptr) return false;
  Incident& incident = *guard->incident_;
  if (!incident.collecting) {
    incident.collecting = true;
    incident.kind = FailureKind::crash;
    incident.stack = {};
    incident.set_place({});
    describe_fault(signal, info, context, guard->bottom_, incident);
    incident.stack = CallStack::of_signal(context);
  }
  incident.collecting = false;
  guard->land();
}

}  // namespace cocheck::detail
