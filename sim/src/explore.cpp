#include "cocheck/explore.hpp"

#include <cstddef>
#include <cstdint>
#include <iostream>
#include <string_view>

#include "cocheck/detail/interrupt_scope.hpp"
#include "cocheck/schedule_file.hpp"
#include "cocheck/schedule_line.hpp"
#include "lag_search.hpp"
#include "schedule_options.hpp"
#include "search.hpp"

namespace cocheck {

namespace {

bool is_schedule_line(std::string_view text) {
  return text.starts_with("cocheck1:");
}

/// What `search` finds, called with a page boundary of the stack above which there are only frames
/// of callers, so that these pages can be watched.
template <class Work>
__attribute__((noinline)) Verdict find_below_border(const Work& search) {
  auto* const room = static_cast<std::byte*>(__builtin_alloca(detail::kSystemPage));
  const auto above = reinterpret_cast<std::uintptr_t>(room) + detail::kSystemPage - 1;
  Verdict verdict;
  search(above / detail::kSystemPage * detail::kSystemPage, verdict);
  __asm__ volatile("" : : "r"(room) : "memory");  // it must not be left out
  return verdict;
}

}  // namespace

Verdict explore(const Model& model, const Options& options) {
  if (!options.replay.empty()) {
    const Schedule schedule = is_schedule_line(options.replay)
                                  ? schedule_from_line(options.replay)
                                  : read_recording(options.replay).schedule;
    return replay(model, schedule, options);
  }
  return find_below_border([&](std::uintptr_t border, Verdict & found) __attribute__((noinline)) {
    const detail::InterruptScope interrupts;
    detail::Search search(model, options, border);
    found = search.run();
    if (detail::is_lag_sought(options, found)) detail::seek_lag(model, options, border, found);
    if (interrupts.ends_program()) std::cerr << found.report();
  });
}

Verdict replay(const Model& model, const Schedule& schedule, const Options& options) {
  const Options fitting = detail::replay_options(schedule, options);
  return detail::Search(model, fitting, 0).replay(schedule);
}

}  // namespace cocheck
