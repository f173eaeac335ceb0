#pragma once

#include <cstdint>
#include <source_location>
#include <string>

namespace cocheck {

namespace detail {
class TaskBase;
}

/// Something that happened, for an observer. Pointers are valid during the call only.
struct LoopEvent {
  enum class Kind : std::uint8_t {
    spawn,
    operation,
    park,
    yield,
    wake,
    cancel,
    note,
    finish,
  };
  Kind kind = Kind::operation;
  const detail::TaskBase* task = nullptr;  ///< who did it, or to whom it happened (park, finish)
  const detail::TaskBase* peer = nullptr;  ///< spawned, woken or cancelled task
  const char* verb = "";                   ///< "lock.acquire"; up to the dot: the type of `object`
  const void* object = nullptr;
  std::string detail;
  std::source_location place;
  bool suspicious = false;
};

/// Is told everything that happens in a loop. Only a loop that records a trace has one.
class Observer {
 public:
  virtual void on_event(const LoopEvent& event) = 0;

 protected:
  ~Observer() = default;
};

}  // namespace cocheck
