#include "cocheck/detail/lost_updates.hpp"

#include <algorithm>
#include <utility>

#include "symbols.hpp"

namespace cocheck::detail {

std::vector<LostUpdates::Found> LostUpdates::step_ended(const std::string& task, std::size_t step) {
  std::vector<Found> found;
  log_.for_each([&](const AccessLog::Entry& entry) {
    if (AccessLog::noted(entry.word)) return;
    const AccessLog::Instructions by = log_.instructions(entry.word);
    Word& word = words_[entry.word];
    const auto mine = std::find_if(word.reads.begin(), word.reads.end(),
                                   [&](const Access& read) { return read.task == task; });
    const bool looked_before = mine != word.reads.end() && entry.reads == 0;
    if (entry.writes != 0 && looked_before && word.write && word.write->task != task &&
        mine->step < word.write->step) {
      Found update{user_line_at(mine->instruction),       mine->step,       word.write->task,
                   user_line_at(word.write->instruction), word.write->step, user_line_at(by.write)};
      const bool known =
          !update.read_at.empty() && !update.written_at.empty() && !update.overwritten_at.empty();
      const bool again = std::any_of(found.begin(), found.end(), [&](const Found& other) {
        return other.read_at == update.read_at && other.overwritten_at == update.overwritten_at;
      });
      if (known && !again) found.push_back(std::move(update));
    }
    if (entry.reads != 0) {
      if (mine != word.reads.end()) {
        *mine = {task, step, by.read};
      } else {
        word.reads.push_back({task, step, by.read});
      }
    }
    if (entry.writes != 0) word.write = Access{task, step, by.write};
  });
  for (const ReleasedWords& run : log_.released()) {
    for (std::uint64_t word = run.begin; word < run.end; ++word) words_.erase(word);
  }
  log_.clear();
  return found;
}

}  // namespace cocheck::detail
