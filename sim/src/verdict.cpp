#include "cocheck/verdict.hpp"

#include <algorithm>
#include <cmath>

#include "cocheck/options.hpp"
#include "cocheck/schedule_line.hpp"
#include "cocheck/text_table.hpp"

namespace cocheck {

namespace {

constexpr std::size_t kMaxRows = 120;  // `cocheck show` has them all

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number) {
  std::string text = std::to_string(number);
  for (std::size_t i = text.size(); i > 3; i -= 3) text.insert(i - 3, ",");
  return text;
}

std::string counted(std::uint64_t number, const char* noun) {
  return grouped(number) + " " + noun + (number == 1 ? "" : "s");
}

std::string place_of(const Failure& failure) {
  if (!failure.at.empty()) return " at " + failure.at;
  const std::source_location& place = failure.place;
  if (place.line() == 0) return {};
  return " at " + std::string(place.file_name()) + ":" + std::to_string(place.line());
}

bool is_pct(const Verdict::Share& share) {
  return share.strategy.starts_with("pct-");
}

bool is_seeded(const Verdict::Share& share) {
  return share.strategy == "random" || share.strategy == "pos" || share.strategy == "surw" ||
         is_pct(share);
}

std::string by_strategy(const Verdict& verdict) {
  std::string text;
  const auto last_seeded = std::find_if(verdict.shares.rbegin(), verdict.shares.rend(), is_seeded);
  for (const Verdict::Share& share : verdict.shares) {
    if (!text.empty()) text += ", ";
    text += share.strategy == "states" ? counted(share.states, "state")
                                       : grouped(share.executions) + " " + share.strategy;
    if (share.strategy == "dpor") text += ", one of each class";
    if (last_seeded != verdict.shares.rend() && &share == &*last_seeded) {
      text += " from seed " + std::to_string(verdict.seed);
    }
  }
  return text;
}

/// A number that may have hundreds of digits.
std::string in_words(long double number) {
  constexpr long double kExact = 1e9L;
  if (number < kExact) return grouped(static_cast<std::uint64_t>(number));
  if (std::isinf(number)) return "more than 10^4932";
  return "about 10^" + std::to_string(static_cast<int>(std::floor(std::log10(number))));
}

/// What the executions of `pct` promise.
std::string chances(const Verdict& verdict) {
  std::string text;
  for (const Verdict::Share& share : verdict.shares) {
    if (!is_pct(share) || share.chance <= 0) continue;
    text += " Each " + share.strategy + " execution shows a bug of depth " +
            share.strategy.substr(share.strategy.find('-') + 1) +
            " with a probability of at least 1 in " + in_words(std::ceil(1 / share.chance)) + ".";
  }
  return text;
}

std::string basis_of_proof(const Verdict& verdict) {
  const bool by_states = !verdict.shares.empty() && verdict.shares.back().strategy == "states";
  if (!verdict.states || !by_states) {
    return counted(verdict.executions, "execution") + ", " + by_strategy(verdict);
  }
  const StateStatistics& seen = *verdict.states;
  return counted(seen.states, "state") + " and " + counted(seen.steps, "step") + " stand for " +
         (seen.endless ? std::string("infinitely many") : in_words(seen.schedules)) +
         (!seen.endless && seen.schedules == 1 ? " schedule" : " schedules");
}

}  // namespace

const char* to_string(Verdict::Kind kind) noexcept {
  switch (kind) {
    case Verdict::Kind::proved:
      return "Proved";
    case Verdict::Kind::proved_within:
      return "ProvedWithin";
    case Verdict::Kind::sampled:
      return "Sampled";
    case Verdict::Kind::failed:
      return "Failed";
    case Verdict::Kind::inconclusive:
      return "Inconclusive";
  }
  return "";
}

std::string Verdict::fragility() const {
  std::string text = "fragile: breaks when the loop ";
  if (fragile->lag == kAnyLag) {
    text += "may be late without limit";
  } else {
    text += "is " + time_in_words(fragile->lag) + " late" + (fragile->smallest ? "" : ", or less");
  }
  return text + ": " + to_string(fragile->failure.kind) + ": " + fragile->failure.message +
         place_of(fragile->failure);
}

std::string Verdict::summary() const {
  std::string text = to_string(kind);
  switch (kind) {
    case Kind::proved:
      text += ": every schedule passes (" + basis_of_proof(*this) + ").";
      break;
    case Kind::proved_within:
      text += "(" + bound + "): every schedule within that bound passes (" + basis_of_proof(*this) +
              ").";
      break;
    case Kind::sampled:
      text += "(" + grouped(executions) + "): " +
              (executions == 1 ? std::string("the one schedule that was run passes")
                               : "all schedules that were run pass, " +
                                     std::string(distinct_at_least ? "at least " : "") +
                                     grouped(distinct) + " of them distinct") +
              " (" + by_strategy(*this) + ")" + (lag ? ", " + lag_in_words(*lag) : "") +
              ". Others may fail." + chances(*this);
      break;
    case Kind::failed:
      text += ": " + std::string(to_string(failure->kind)) + ": " + failure->message +
              place_of(*failure) + ". ";
      if (lateness > kNoLag) text += "The loop is " + time_in_words(lateness) + " late there. ";
      if (states && recording && recording->schedule.strategy == "states") {
        text += "Found among " + counted(states->states, "state") + ".";
        break;
      }
      text += failing > 1 ? counted(failing, "failing execution") + " of " + grouped(executions)
                          : "Found in execution " + grouped(executions);
      text += " (" + by_strategy(*this) + ").";
      break;
    case Kind::inconclusive:
      text += ": " + reason;
      if (executions > 0) {
        text += " (" + counted(executions, "execution") + ", " + by_strategy(*this) + ")";
      }
      text += ".";
      break;
  }
  if (kind == Kind::proved || kind == Kind::proved_within) {
    for (const std::string& note : notes) text += " Note: " + note + ".";
  }
  for (const std::string& limit : limits) text += " Limit hit: " + limit + ".";
  if (!margin.empty()) text += " " + margin;
  if (fragile) text += " It is " + fragility() + ".";
  return text;
}

std::string Verdict::report() const {
  std::string text = summary() + "\n";
  if (recording) {
    text += "\n" + text_table(*recording, {.width = 100, .max_rows = kMaxRows}) +
            "\nschedule: " + to_line(recording->schedule) + "\n";
  }
  return text;
}

}  // namespace cocheck
