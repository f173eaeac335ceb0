#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "cocheck/detail/access_profile.hpp"
#include "cocheck/detail/observed_run.hpp"
#include "cocheck/explorer.hpp"

namespace cocheck {

/// Selectively uniform random walk (ASPLOS 2025): each execution picks one object that processes
/// compete for, and makes all orders of the steps on it about equally likely, where a random walk
/// prefers those in which short tasks come first. Never ends by itself; a seed always gives the
/// same executions in the same order.
///
/// The first execution, and one now and then, is a random walk that counts who takes how many steps
/// on what. In the others the process whose step on the object comes next is drawn by how many
/// each still has to take, those that its children will take included until they are there. Who
/// else would take one is parked until it has done so; the others go on by random priorities, which
/// in one execution of four are drawn anew after each step. If all are parked, the next one is
/// drawn among them.
///
/// Which step is one on the object is known from other executions only: where nothing is known of
/// a step it is not parked. Orders are exactly uniform only where the processes take as many steps
/// on the object as they did when that was counted. The model has to be instrumented. A step costs
/// O(number of alternatives).
///
///     SurwExplorer explorer(seed);
///     World world{Options()};
///     while (explorer.next() && !world.failure()) world.run(model, explorer);
class SurwExplorer final : public Explorer {
 public:
  explicit SurwExplorer(std::uint64_t seed) noexcept : run_(seed) {}

  bool next() override {
    run_.prepare();
    return true;
  }
  /// Only the values of a choose() are asked for.
  std::size_t pick(std::size_t alternatives, const World&) override {
    return run_.draw_value(alternatives);
  }
  bool drive(World& world) override;
  [[nodiscard]] bool tracks_accesses() const noexcept override { return true; }
  [[nodiscard]] detail::ModelMemory::Layout layout() const noexcept override {
    return detail::ModelMemory::Layout::by_process;
  }

  /// How many objects are known that processes compete for.
  [[nodiscard]] std::size_t objects() const noexcept { return objects_.size(); }

 private:
  using Process = detail::SampledRun::Process;
  using Object = detail::AccessProfile::Object;
  static constexpr Process kNone = detail::AccessProfile::kNone;

  /// What a process has to do with the object of this execution.
  struct Stake {
    std::uint64_t left = 0;   // steps on it that it, or children to come, have to take
    std::uint64_t total = 0;  // of it and all that descend from it, at the beginning
    bool there = false;
  };

  void count();
  void keep_profile();
  void sample();
  void choose_object();
  void admit(Process process);
  void draw_intended();
  [[nodiscard]] bool expected(Process process);
  [[nodiscard]] std::size_t choose();
  [[nodiscard]] std::size_t draw_parked();

  detail::ObservedRun run_;
  detail::AccessProfile profile_;
  std::vector<Object> objects_;
  std::vector<Process> parents_;
  std::uint64_t executions_ = 0;  // since all was learnt anew

  // Of this execution.
  detail::WordPart object_;  // that stands for the object
  std::vector<Stake> stakes_;
  std::vector<Process> admitted_;  // those with something left
  Process intended_ = kNone;
  bool wanders_ = false;
  std::vector<std::uint32_t> parked_;  // alternatives
};

}  // namespace cocheck
