#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cocheck/detail/outside_memory.hpp"
#include "cocheck/detail/recorder.hpp"
#include "cocheck/detail/sample_parts.hpp"
#include "cocheck/explorer.hpp"
#include "cocheck/explorers/guided.hpp"
#include "cocheck/options.hpp"
#include "cocheck/schedule.hpp"
#include "cocheck/verdict.hpp"
#include "cocheck/world.hpp"
#include "distinct_tapes.hpp"

namespace cocheck {
class ReplayExplorer;
}

namespace cocheck::detail {

struct Lasso;

/// One of those that share what is left of the budget, and its part of it.
struct Sampler {
  std::string name;
  SampleParts parts;
  std::uint64_t percent = 0;
};

/// One search: a world, the explorers one after the other, and the verdict in the making.
///
/// Strategies are told in search.cpp, proofs by states and by classes in search_proofs.cpp,
/// samplers in search_samples.cpp, and what the verdict says of them in search_report.cpp. Good for
/// one call of run() or replay().
///
///     const Verdict verdict = Search(model, options, border).run();
class Search {
 public:
  /// In which order `automatic` goes on: proofs before samples, or a few samples first, where a
  /// failure is what is looked for.
  enum class Plan : std::uint8_t { proofs_first, samples_first };

  /// Both must outlive this.
  /// Above `border`, a page boundary, lies the stack of who wants to know; see OutsideMemory.
  Search(const Model& model, const Options& options, std::uintptr_t border,
         Plan plan = Plan::proofs_first);
  ~Search();
  Search(const Search&) = delete;
  Search& operator=(const Search&) = delete;

  /// Throws ValueError where the options cannot be.
  [[nodiscard]] Verdict run();
  [[nodiscard]] Verdict replay(const Schedule& schedule);

 private:
  // What is asked whether the search goes on answers whether it is to go on with another explorer.

  void search_once();
  void search();
  void search_automatically();
  bool prove();
  bool explore_with(Explorer&& explorer, const std::string& name, std::uint64_t budget);
  bool explore_with(Explorer& explorer, const std::string& name, std::uint64_t budget);
  /// What came of the last execution: false where the search ends with it.
  bool judge_execution(const Explorer& explorer, const std::string& name);
  void replay_with(ReplayExplorer& explorer, const Schedule& schedule, Recorder& recorder);

  // What the model changes outside of its memory
  void watch_outside();
  /// From now on before each execution.
  void put_outside_back();
  /// What one execution leaves outside has steered the next: then what was found counts for
  /// nothing.
  void search_again_if_steered();
  /// Leaves outside what the executions have left there that were not put back.
  void stop_watching();

  // Proofs
  bool explore_states(std::uint64_t max_steps);
  bool explore_classes(std::uint64_t max_executions);
  /// What is left undone is said; alone, it leaves nothing to claim.
  bool not_searched(const std::string& why);
  /// All there is was searched, and passes.
  void note_proof();

  // Samplers
  /// The strategy is one of them.
  void sample_alone();
  bool explore_samples(std::uint64_t budget);
  bool sample(Sampler&& sampler, std::uint64_t budget) { return sample(sampler, budget); }
  /// Where much is to be done, several processes do it, as long as nothing else happens than that
  /// executions pass.
  bool sample(Sampler& sampler, std::uint64_t budget);
  /// Makes `parts` at most in other processes, and says how many executions that were.
  std::uint64_t sample_in_processes(Sampler& sampler, std::uint64_t parts);
  /// The least that a part claims holds for all.
  void claim(double chance);
  /// Gives up if the strategy needs to know what steps touch, and that cannot be.
  bool accesses_known();

  // Report
  void record_livelock(const Lasso& lasso);
  /// Repeats an execution, writing it down.
  [[nodiscard]] Recorder record_again(const std::vector<std::uint32_t>& tape, Order order);
  void record_tape(Order order, const std::string& strategy);
  /// `tape` leads to the failure `found`, which must come again.
  void record_failure(const Failure& found, const std::vector<std::uint32_t>& tape, Order order,
                      const std::string& strategy);
  void note_failure();
  [[nodiscard]] std::vector<Deviation> shrink(std::vector<Deviation> deviations, FailureKind kind);
  /// What the choices of the last execution lead to, until they fit no more.
  void record_as_far_as_it_goes(Order order);
  void give_up_for_memory(Order order, const std::string& strategy);
  void record(const Recorder& recorder, Order order, const std::string& strategy);
  void give_up(std::string reason);
  void finish();
  [[nodiscard]] std::string bound_of_proof() const;
  [[nodiscard]] std::string cut_reason() const;
  [[nodiscard]] std::string memory_reason() const;
  [[nodiscard]] std::string memory_limit_without_reuse() const;

  // Budget
  [[nodiscard]] std::uint64_t executions_left() const noexcept {
    return options_.max_executions - verdict_.executions;
  }
  [[nodiscard]] bool out_of_time();
  [[nodiscard]] bool out_of_time_now();
  void say_out_of_time();
  [[nodiscard]] std::string out_of_time_reason() const;
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> half_of_time_left() const;

  /// What a strategy has done so far.
  [[nodiscard]] Verdict::Share& share_of(const std::string& name);
  /// Whether a model that needs too much memory with this explorer may do with less with others.
  [[nodiscard]] bool can_do_without(const Explorer& explorer) const;
  [[nodiscard]] std::vector<std::uint32_t> last_tape() const {
    return {world_->tape().begin(), world_->tape().end()};
  }

  const Model& model_;
  const Options& options_;
  Plan plan_;
  std::uintptr_t border_;
  std::unique_ptr<World> world_;
  std::vector<std::unique_ptr<World>> former_worlds_;
  std::optional<OutsideMemory> outside_;
  HarnessVector<OutsideWord> outside_left_;
  Verdict verdict_;
  DistinctTapes distinct_;
  std::vector<Sampler> portfolio_;  // once it was asked for
  std::optional<std::chrono::steady_clock::time_point> deadline_;
  std::string loop_;           // of a livelock: the steps before it begins
  double chance_ = 0;          // the least that a part of pct claims
  bool timers_armed_ = false;  // in another process
  bool divides_ = true;        // whether samplers may work in several processes
  bool exhausted_ = false;
  bool gave_up_ = false;
  bool stopped_early_ = false;  // at a failure
};

}  // namespace cocheck::detail
