#include "cocheck/detail/outside_memory.hpp"
#include "outside_heap.hpp"
#include "search.hpp"

namespace cocheck::detail {

void Search::watch_outside() {
  outside_.emplace(border_);
  if (!outside_->is_active()) return;
  outside_->watch(OutsideHeap::in_use());
  ModelMemory::for_each_kept([&](const std::byte* begin, const std::byte* end) {
    outside_->watch(
        {reinterpret_cast<std::uintptr_t>(begin), reinterpret_cast<std::uintptr_t>(end)});
  });
  const bool goes_back =
      options_.strategy == Strategy::states || options_.strategy == Strategy::dpor;
  if (goes_back) {
    put_outside_back();
  } else {
    world_->set_outside(&*outside_, false);
  }
}

void Search::put_outside_back() {
  if (!outside_->is_active()) return;
  outside_left_ = outside_->contents();
  if (world_->memory().outstanding() > 0) {
    // What the executions have left there must stay as it is.
    former_worlds_.push_back(std::move(world_));
    world_ = std::make_unique<World>(options_);
  }
  outside_->set_goes_back(true);
  world_->set_outside(&*outside_, true);
}

void Search::search_again_if_steered() {
  if (!outside_->is_active() || !outside_->steered()) return;
  put_outside_back();
  verdict_ = Verdict{};
  verdict_.seed = options_.seed;
  distinct_ = DistinctTapes();
  loop_.clear();
  chance_ = 0;
  divides_ = true;
  exhausted_ = gave_up_ = stopped_early_ = false;
  search_once();
}

void Search::stop_watching() {
  if (outside_ && outside_->is_active()) {
    if (outside_->untracked() != nullptr && verdict_.kind != Verdict::Kind::failed) {
      give_up(std::string("a step calls ") + outside_->untracked() +
              "(), and what the system keeps of that outlives an execution and is no part of a "
              "state: draw values with choose(), or call it before the model");
    }
    outside_->put_back();
    outside_->restore(outside_left_);
    if (world_->puts_outside_back()) world_->memory().discard_left();
    world_->set_outside(nullptr, false);
  }
  outside_.reset();
}

}  // namespace cocheck::detail
