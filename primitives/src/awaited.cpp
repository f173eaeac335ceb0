#include "cocheck/detail/awaited.hpp"

#include "cocheck/describe.hpp"
#include "cocheck/detail/task_base.hpp"

namespace cocheck::detail {

void CallbackFuture::report_unseen_exception() const noexcept {
  Loop* loop = Loop::current_or_null();
  if (loop == nullptr || loop->closing()) return;
  loop->fail({FailureKind::unretrieved_exception,
              describe_self() + " ended with " + describe(stored_exception()) +
                  ", and nobody looked at it",
              owner_ != nullptr ? owner_->place() : std::source_location{}});
}

}  // namespace cocheck::detail
