#pragma once

#include <utility>

#include "cocheck/explorer.hpp"

namespace cocheck {

/// One execution in asyncio's own order, every choose() giving 0: what production would do.
class FifoExplorer final : public Explorer {
 public:
  bool next() override { return !std::exchange(done_, true); }
  std::size_t pick(std::size_t, const World&) override { return 0; }
  [[nodiscard]] Order order() const noexcept override { return Order::fifo; }

 private:
  bool done_ = false;
};

}  // namespace cocheck
