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

void Progress::show(const StatesExplorer& explorer) {
  if (!on_terminal_) return;
  const Clock::time_point now = Clock::now();
  if (now - shown_ < kInterval) return;
  const std::size_t states = explorer.graph().size();
  const double seconds = std::chrono::duration<double>(now - shown_).count();
  std::fprintf(stderr, "\r\033[Kcocheck: %zu states, %.0f a second, frontier %zu, %zu MB", states,
               static_cast<double>(states - states_shown_) / seconds, explorer.frontier(),
               explorer.bytes() >> 20);
  std::fflush(stderr);
  shown_ = now;
  states_shown_ = states;
  visible_ = true;
}

}  // namespace cocheck::detail
