#include "cocheck/detail/property_run.hpp"

#include <algorithm>
#include <map>
#include <string_view>

#include "cocheck/detail/interrupt_scope.hpp"
#include "cocheck/errors.hpp"
#include "cocheck/expect_bridge.hpp"
#include "cocheck/explore.hpp"
#include "cocheck/terminal_text.hpp"

namespace cocheck::detail {

namespace {

using rc::detail::CaseResult;
using rc::detail::Reproduce;
using SteadyClock = std::chrono::steady_clock;

/// Under this name a schedule says for which workload it is.
constexpr const char* kWorkloadOption = "workload";
constexpr std::string_view kReproduce = "reproduce=";

Options to_options(const PropertyOptions& property) {
  Options options;
  options.strategy = property.strategy;
  options.seed = property.seed;
  options.max_executions = property.max_executions;
  options.max_steps = property.max_steps;
  options.max_time = property.max_time;
  options.clock = property.clock;
  options.lag = property.lag;
  options.seek_lag = false;  // of each of many workloads
  options.cancellations = property.cancellations;
  options.always_suspend = property.always_suspend;
  options.shrink = property.shrink;
  return options;
}

/// RapidCheck's own text for a case, as it stands in RC_PARAMS behind "reproduce=".
std::string to_text(const std::string& test, const Reproduce& reproduce) {
  rc::detail::Configuration configuration;
  configuration.reproduce.emplace(test, reproduce);
  const std::string text = rc::detail::configToMinimalString(configuration);
  const std::size_t begin = text.find(kReproduce);
  if (begin == std::string::npos) return {};
  const std::string rest = text.substr(begin + kReproduce.size());
  return rest.substr(0, rest.find(' '));
}

Reproduce reproduce_from_text(const std::string& test, const std::string& text) {
  try {
    const auto cases = rc::detail::configFromString(std::string(kReproduce) + text).reproduce;
    if (const auto found = cases.find(test); found != cases.end()) return found->second;
  } catch (const rc::detail::ConfigurationException&) {
  }
  throw ValueError("the schedule to replay has a workload that is none of " + test + ": record it" +
                   " again");
}

/// The parameters in the text of a parameter list, such as "int capacity"; the commas within
/// brackets separate none.
std::vector<std::string> split_parameters(std::string_view list) {
  std::vector<std::string> parameters;
  std::string parameter;
  int depth = 0;
  for (const char c : list.substr(1, list.size() - 2)) {
    if (c == '<' || c == '(' || c == '{' || c == '[') ++depth;
    if (c == '>' || c == ')' || c == '}' || c == ']') --depth;
    if (c == ',' && depth == 0) {
      parameters.push_back(std::exchange(parameter, {}));
    } else if (c != ' ' || !parameter.empty()) {
      parameter += c;
    }
  }
  if (!parameter.empty()) parameters.push_back(parameter);
  return parameters;
}

std::string counted(std::uint64_t number, const char* noun) {
  return std::to_string(number) + " " + noun + (number == 1 ? "" : "s");
}

/// The size for case number `index`: all sizes from 0 to the largest, the same number of times as
/// far as that goes.
int size_of_case(int index, const rc::detail::TestParams& params) {
  if (params.maxSuccess <= 1) return 0;
  const auto size = static_cast<std::int64_t>(index) * params.maxSize / (params.maxSuccess - 1);
  return static_cast<int>(std::min<std::int64_t>(size, params.maxSize));
}

/// One property: draws workloads, explores each, makes the first that fails small and reports it.
class PropertyRun {
 public:
  PropertyRun(const TestRun& run, const rc::Gen<Workload>& workloads, const char* parameters,
              const PropertyOptions& options, TestPlace place)
      : run_(run),
        workloads_(workloads),
        parameters_(split_parameters(parameters)),
        property_(options),
        place_(place) {}

  void run() {
    const InterruptScope interrupts;
    const rc::detail::Configuration& configuration = rc::detail::configuration();
    if (run_.schedule()) {
      const auto& options = run_.schedule()->options;
      const auto text = options.find(kWorkloadOption);
      if (text == options.end()) {
        throw ValueError("the schedule to replay does not say for which workload it is: record it" +
                         std::string(" again"));
      }
      replay(reproduce_from_text(run_.name(), text->second));
    } else if (const auto found = configuration.reproduce.find(run_.name());
               found != configuration.reproduce.end()) {
      explore_one(found->second);
    } else {
      search(configuration.testParams);
    }
  }

 private:
  struct Outcome {
    Verdict verdict;
    std::string expectation;
    bool discarded = false;

    [[nodiscard]] bool failed() const noexcept { return !discarded && !verdict.passed(); }
  };

  /// A case of RapidCheck's and the way to it.
  struct Case {
    rc::Shrinkable<Workload> workload;
    Reproduce reproduce;
  };

  /// Runs the body, and knows what RC_ASSERT and RC_PRE throw.
  static Task<> guarded(const Model& model, bool& discarded) {
    Task<> body = model();
    try {
      co_await std::move(body);
    } catch (const CaseResult& result) {
      if (result.type == CaseResult::Type::Discard) {
        discarded = true;
      } else if (result.type == CaseResult::Type::Failure) {
        Loop::current().fail({FailureKind::check, result.description, {}});
      }
    }
  }

  [[nodiscard]] Outcome explore(const Workload& workload, const Options& options) const {
    return with_guard(workload,
                      [&](const Model& model) { return cocheck::explore(model, options); });
  }

  template <class Explore>
  [[nodiscard]] Outcome with_guard(const Workload& workload, Explore&& explore_model) const {
    Outcome outcome;
    const ExpectBridge bridge;
    const Model model = [&] { return guarded(workload.model, outcome.discarded); };
    outcome.verdict = explore_model(model);
    if (outcome.verdict.failure) {
      outcome.expectation = bridge.text_of(*outcome.verdict.failure);
      if (outcome.verdict.failure->place.file_name() == std::string_view(__FILE__)) {
        outcome.verdict.failure->place = {};
      }
    }
    if (outcome.verdict.recording) {
      bridge.set_place(*outcome.verdict.recording);
      hide_guard(*outcome.verdict.recording);
    }
    return outcome;
  }

  /// Where the guard would stand in the trace stands the property.
  void hide_guard(Recording& recording) const {
    const auto hide = [&](Place& place) {
      if (place.file != __FILE__) return;
      place = {place_.file, static_cast<unsigned>(place_.line), run_.name()};
    };
    for (Choice& choice : recording.schedule.choices) hide(choice.place);
    for (TraceTask& task : recording.trace.tasks) hide(task.place);
    for (TraceEvent& event : recording.trace.events) hide(event.place);
    for (StuckTask& stuck : recording.trace.stuck) hide(stuck.place);
  }

  void search(const rc::detail::TestParams& params) {
    const SteadyClock::time_point begin = SteadyClock::now();
    Options options = run_.options();
    options.shrink = false;
    rc::Random random(params.seed);
    std::map<std::string, std::uint64_t> verdicts;
    std::uint64_t executions = 0;
    int discarded = 0;
    std::string limit;
    for (int index = 0; index < params.maxSuccess;) {
      if (InterruptScope::interrupted()) {
        limit = " Limit hit: the search was interrupted.";
        break;
      }
      if (run_.options().max_time) {
        const auto used =
            std::chrono::duration_cast<std::chrono::milliseconds>(SteadyClock::now() - begin);
        if (used >= *run_.options().max_time) {
          limit =
              " Limit hit: max_time, " + std::to_string(run_.options().max_time->count()) + " ms.";
          break;
        }
        options.max_time = *run_.options().max_time - used;
      }
      const Reproduce reproduce{random.split(), size_of_case(index, params), {}};
      const auto drawn = draw(reproduce);
      Outcome outcome;
      if (drawn) outcome = explore(drawn->workload.value(), options);
      if (!drawn || outcome.discarded) {
        if (++discarded > params.maxDiscardRatio * std::max(index, 1)) {
          run_.fail("gave up: " + counted(static_cast<std::uint64_t>(discarded), "workload") +
                    " discarded, " + counted(static_cast<std::uint64_t>(index), "workload") +
                    " kept; draw those that fit in the first place");
          return;
        }
        continue;
      }
      ++index;
      executions += outcome.verdict.executions;
      ++verdicts[to_string(outcome.verdict.kind)];
      if (outcome.failed()) {
        shrink(*drawn, outcome, index);
        return;
      }
    }
    std::string kinds;
    std::uint64_t kept = 0;
    for (const auto& [kind, number] : verdicts) {
      kept += number;
      kinds += (kinds.empty() ? "" : ", ") + std::to_string(number) + " " + kind;
    }
    if (kept == 0) {
      run_.fail("Inconclusive: no workload was explored." + limit);
      return;
    }
    run_.pass(counted(kept, "workload") + (kept == 1 ? " passes: " : " pass: ") + kinds + " (" +
              counted(executions, "execution") + ")." + limit);
  }

  /// Nothing when RapidCheck could not generate it.
  [[nodiscard]] std::optional<Case> draw(const Reproduce& reproduce) const {
    try {
      const auto root = workloads_(reproduce.random, reproduce.size);
      const auto found = rc::shrinkable::walkPath(root, reproduce.shrinkPath);
      if (!found) return std::nullopt;
      return Case{*found, reproduce};
    } catch (const rc::GenerationFailure&) {
      return std::nullopt;
    }
  }

  void shrink(Case smallest, const Outcome& first, int index) {
    std::uint64_t executions = 0;
    const SteadyClock::time_point deadline = SteadyClock::now() + property_.shrink_time;
    bool ended = !run_.options().shrink;
    for (bool smaller = true; smaller && !ended;) {
      smaller = false;
      auto candidates = smallest.workload.shrinks();
      for (std::size_t position = 0; !smaller; ++position) {
        const auto candidate = candidates.next();
        if (!candidate) break;
        const auto now = SteadyClock::now();
        ended = executions >= property_.shrink_executions || now >= deadline ||
                InterruptScope::interrupted();
        if (ended) break;
        Options options = run_.options();
        options.shrink = false;
        options.max_executions =
            std::min(options.max_executions, property_.shrink_executions - executions);
        options.max_time = std::chrono::ceil<std::chrono::milliseconds>(deadline - now);
        const Outcome outcome = explore(candidate->value(), options);
        executions += outcome.verdict.executions;
        if (!outcome.failed() || !same_kind(outcome.verdict, first.verdict)) continue;
        smaller = true;
        smallest.workload = *candidate;
        smallest.reproduce.shrinkPath.push_back(position);
      }
    }
    Options options = run_.options();
    options.max_time.reset();
    const std::string story = "falsified by workload " + std::to_string(index) + ", made smaller " +
                              counted(smallest.reproduce.shrinkPath.size(), "time") + " (" +
                              counted(executions, "execution") +
                              (ended && run_.options().shrink ? "; a limit ended that" : "") + ")";
    report(smallest, explore(smallest.workload.value(), options), story);
  }

  static bool same_kind(const Verdict& one, const Verdict& other) {
    if (one.kind != other.kind) return false;
    return !one.failure || one.failure->kind == other.failure->kind;
  }

  void explore_one(const Reproduce& reproduce) {
    const auto drawn = draw(reproduce);
    if (!drawn) throw ValueError("RC_PARAMS names a workload that this property does not have");
    report(*drawn, explore(drawn->workload.value(), run_.options()),
           "one workload, from RC_PARAMS");
  }

  void replay(const Reproduce& reproduce) {
    const auto drawn = draw(reproduce);
    if (!drawn) {
      throw ValueError("the schedule to replay has a workload that this property does not have:" +
                       std::string(" record it again"));
    }
    Outcome outcome = with_guard(drawn->workload.value(), [&](const Model& model) {
      return cocheck::replay(model, *run_.schedule(), run_.options());
    });
    if (outcome.discarded) {
      throw ValueError("the schedule to replay has a workload that this property discards");
    }
    report(*drawn, std::move(outcome), "replayed");
  }

  void report(const Case& drawn, Outcome outcome, const std::string& story) const {
    const std::string reproduce = to_text(run_.name(), drawn.reproduce);
    if (outcome.discarded) {
      run_.pass(story + ": the workload was discarded");
      return;
    }
    if (!outcome.failed()) {
      run_.pass(story + ": " + outcome.verdict.summary());
      return;
    }
    if (outcome.verdict.recording) {
      outcome.verdict.recording->schedule.options[kWorkloadOption] = reproduce;
    }
    std::string text = "The property is " + story + ":\n";
    const std::vector<std::string> values = drawn.workload.value().show();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::string name =
          parameters_.size() == values.size() ? parameters_[i] : std::to_string(i);
      text += "  " + name + " = " + values[i] + "\n";
    }
    text += "this workload alone: RC_PARAMS='" + std::string(kReproduce) + reproduce + "'\n\n";
    run_.fail(outcome.verdict, outcome.expectation, text);
  }

  const TestRun& run_;
  const rc::Gen<Workload>& workloads_;
  std::vector<std::string> parameters_;
  const PropertyOptions& property_;
  TestPlace place_;
};

}  // namespace

void run_workloads(const rc::Gen<Workload>& workloads, const char* parameters,
                   const PropertyOptions& options, TestPlace place) {
  const std::optional<TestRun> run = TestRun::begin(to_options(options), place);
  if (!run) return;
  try {
    PropertyRun(*run, workloads, parameters, options, place).run();
  } catch (const std::runtime_error& error) {  // ValueError or ScheduleError
    if (!run->schedule() && dynamic_cast<const ValueError*>(&error) == nullptr) throw;
    run->fail(printable(error.what()));
  }
}

}  // namespace cocheck::detail
