#include "progress.hpp"

#include <unistd.h>

#include <cstdio>

namespace cocheck::detail {

namespace {

constexpr auto kInterval = std::chrono::milliseconds(500);

}  // namespace

Progress::Progress() : on_terminal_(::isatty(STDERR_FILENO) == 1) {}

Progress::~Progress() {
  if (visible_) std::fputs("\r\033[K", stderr);
}

std::optional<double> Progress::rate_of(std::uint64_t count) {
  if (!on_terminal_) return std::nullopt;
  const Clock::time_point now = Clock::now();
  if (now - shown_ < kInterval) return std::nullopt;
  const double seconds = std::chrono::duration<double>(now - shown_).count();
  const double rate = static_cast<double>(count - count_shown_) / seconds;
  shown_ = now;
  count_shown_ = count;
  visible_ = true;
  return rate;
}

void Progress::show(const StatesExplorer& explorer) {
  const std::size_t states = explorer.graph().size();
  const std::optional<double> rate = rate_of(states);
  if (!rate) return;
  std::fprintf(stderr, "\r\033[Kcocheck: %zu states, %.0f a second, frontier %zu, %zu MB", states,
               *rate, explorer.frontier(), explorer.bytes() >> 20);
  std::fflush(stderr);
}

void Progress::show(const DporExplorer& explorer) {
  show_executions(explorer.executions(), explorer.progress());
}

void Progress::show_executions(std::uint64_t executions, double done) {
  const std::optional<double> rate = rate_of(executions);
  if (!rate) return;
  std::fprintf(stderr, "\r\033[Kcocheck: %llu executions, %.0f a second, about %.0f %% done",
               static_cast<unsigned long long>(executions), *rate, 100 * done);
  std::fflush(stderr);
}

}  // namespace cocheck::detail
