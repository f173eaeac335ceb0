#include "story.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <unordered_map>

#include "task_id.hpp"

namespace cocheck::detail {

namespace {

using Kind = TraceEvent::Kind;

constexpr std::string_view kUnknownFailure = "the property broke";
constexpr const char* kLoop = "loop";
constexpr std::string_view kDeadlock = "deadlock";

/// All of `text` as a number, nothing when it is not one.
std::optional<std::size_t> to_number(std::string_view text) {
  std::size_t number = 0;
  const char* const last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, number);
  if (error != std::errc{} || end != last) return {};
  return number;
}

/// "verb object detail", without those that are empty.
Line phrase(std::string_view verb, std::string_view object, std::string_view detail) {
  Line line;
  if (!verb.empty()) line.push_back({Tone::verb, clean(verb)});
  for (const std::string_view text : {object, detail}) {
    if (text.empty()) continue;
    line.push_back({Tone::object, (line.empty() ? "" : " ") + clean(text)});
  }
  return line;
}

std::string_view verb_or(const std::string& verb, std::string_view usual) {
  return verb.empty() ? usual : std::string_view(verb);
}

Line phrase_of(const TraceEvent& event) {
  switch (event.kind) {
    case Kind::park: {
      const std::string& object = event.object.empty() ? event.peer : event.object;
      Line line = phrase(verb_or(event.verb, "something"), object, event.detail);
      if (event.verb != "sleep") line.front().text = "waits in " + line.front().text;
      return line;
    }
    case Kind::yield:
      return phrase(verb_or(event.verb, "yields"), event.object, event.detail);
    case Kind::finish:
      return phrase(verb_or(event.verb, "ends"), event.object, event.detail);
    case Kind::choose:
      return phrase(verb_or(event.verb, "chooses"), event.object, event.detail);
    case Kind::note:
      return phrase("", "\u201c" + event.detail + "\u201d", "");
    case Kind::timer:
      if (event.verb.empty() || event.verb == "timer") {
        return phrase("timer due", event.object, event.detail);
      }
      return phrase(event.verb, event.object, event.detail);
    default:
      return phrase(event.verb, event.object, event.detail);
  }
}

Marker marker_of(const TraceEvent& event) {
  if (event.kind == Kind::failure) return Marker::failure;
  if (event.suspicious) return Marker::suspicious;
  if (event.kind == Kind::finish) {
    return event.verb == "cancelled" ? Marker::cancelled : Marker::ends;
  }
  if (event.kind == Kind::cancel && event.task.empty()) return Marker::cancelled;
  return event.kind == Kind::park ? Marker::parks : Marker::dot;
}

/// The first line of what a failure says, with its kind in front unless the text names that itself.
std::string message_of(const TraceEvent& event) {
  const std::string detail = first_line(event.detail);
  const std::string kind = clean(event.verb);
  if (detail.empty()) return kind.empty() ? std::string(kUnknownFailure) : kind;
  if (kind.empty() || detail.find(kind) != std::string::npos) return detail;
  return kind + ": " + detail;
}

class Teller {
 public:
  Teller(const Trace& trace, const Schedule* schedule) : trace_(trace) {
    for (const TraceTask& task : trace.tasks) {
      const std::size_t lane = lane_of(task.id);
      if (lane == kWorld) continue;
      const bool says_only_the_id = task.name == "task " + task.id;
      if (!says_only_the_id) story_.lanes[lane].name = clean(task.name);
      story_.lanes[lane].place = task.place;
    }
    if (schedule != nullptr) {
      for (const Choice& choice : schedule->choices) {
        (choice.kind == Choice::Kind::value ? values_ : actions_).push_back(&choice);
      }
      const auto order = schedule->options.find("order");
      is_fifo_ = order != schedule->options.end() && order->second == "fifo";
      const auto loop = schedule->options.find(kLoop);
      if (loop != schedule->options.end()) loop_step_ = to_number(loop->second);
    }
    for (const TraceEvent& event : trace.events) {
      if (event.kind == Kind::step) steps_are_marked_ = true;
      const std::size_t child = event.kind == Kind::spawn ? lane_of(event.peer) : kWorld;
      if (child != kWorld) states_[child] = State::unborn;
    }
  }

  Story tell(const std::string& failure) {
    for (const TraceEvent& event : trace_.events) add(event);
    finish_row();
    if (story_.loop && story_.loop->step >= story_.steps) story_.loop.reset();
    const auto broke = [](const Row& row) { return !row.failure.empty(); };
    if (!failure.empty() && std::ranges::none_of(story_.rows, broke)) {
      Row row;
      row.time = story_.end;
      row.failure = first_line(failure);
      if (row.failure.empty()) row.failure = kUnknownFailure;
      story_.rows.push_back(std::move(row));
    }
    for (const StuckTask& stuck : trace_.stuck) {
      static_cast<void>(lane_of(stuck.task));
      const bool known =
          std::ranges::find(story_.stuck, stuck.task, &StuckTask::task) != story_.stuck.end();
      if (!known) story_.stuck.push_back(stuck);
    }
    return std::move(story_);
  }

 private:
  /// The lane of a task; a task that the trace does not list gets one here.
  std::size_t lane_of(const std::string& id) {
    if (id.empty()) return kWorld;
    const auto [found, added] = lanes_.try_emplace(id, story_.lanes.size());
    if (added) {
      story_.lanes.push_back({id, "", {}});
      states_.push_back(State::ready);
    }
    return found->second;
  }

  std::size_t lane_of(const TraceEvent& event) {
    if (!event.task.empty()) return lane_of(event.task);
    if (event.kind == Kind::cancel) return lane_of(event.peer);
    if (event.kind == Kind::clock || event.kind == Kind::failure) return kWorld;
    if (event.step < actions_.size()) return lane_of(actions_[event.step]->task);
    return kWorld;
  }

  void add(const TraceEvent& event) {
    story_.end = std::max(story_.end, event.time);
    if (event.kind == Kind::clock) return add_jump(event);
    // What breaks in the world, such as a deadlock, has a row of its own.
    const bool breaks_world = event.kind == Kind::failure && event.task.empty();
    if (!row_ || event.step != row_step_ || breaks_world) start_row(event);
    now_ = std::max(now_, event.time);
    row_->time = now_;
    const std::size_t lane = lane_of(event);
    Cell& cell = cell_in(lane);
    if (event.kind == Kind::failure) {
      // Of a deadlock of several tasks it would say where the first one waits for the others.
      const bool is_nowhere = event.verb == kDeadlock && trace_.stuck.size() > 1;
      if (row_->failure.empty() && !is_nowhere) row_->failure_place = event.place;
    } else if (cell.place.file.empty() || !event.place.file.empty()) {
      cell.place = event.place;
    }
    cell.marker = std::max(cell.marker, marker_of(event));
    describe(event, lane, cell);
    follow_state(event, lane);
    if (lane != kWorld) cell.after = states_[lane];
    previous_kind_ = event.kind;
  }

  void add_jump(const TraceEvent& event) {
    // A timer that fires while tasks could run moves the clock itself, after it was picked.
    const bool moved_by_timer = row_ && event.step == row_step_ && previous_kind_ == Kind::timer;
    if (!moved_by_timer) finish_row();
    Row row;
    row.is_jump = true;
    row.time = event.time;
    if (event.time > now_) row.jump = event.time - now_;
    row.could_run = std::ranges::find(states_, State::ready) != states_.end();
    now_ = std::max(now_, event.time);
    push(std::move(row), event.step);
  }

  void start_row(const TraceEvent& event) {
    finish_row();
    row_.emplace();
    const bool continued = shown_step_ && *shown_step_ == event.step;
    const bool only_failure = event.kind == Kind::failure && event.task.empty();
    if (!continued && !only_failure) row_->step = event.step;
    row_->alternatives = 0;
    if (event.step < actions_.size()) row_->alternatives = actions_[event.step]->alternatives;
    row_step_ = event.step;
    shown_step_ = event.step;
    previous_kind_ = Kind::step;
    opening_.clear();
    const std::size_t lane = lane_of(event);
    if (lane == kWorld || continued) return;
    decide(event, lane);
    last_lane_ = lane;
    const bool runs = event.kind == Kind::step || !steps_are_marked_;
    if (runs && states_[lane] != State::ended) turn_ = lane;
  }

  /// Says who picked the row that begins with `event`.
  void decide(const TraceEvent& event, std::size_t lane) {
    const Choice* const choice = event.step < actions_.size() ? actions_[event.step] : nullptr;
    if (choice != nullptr) {
      row_->kind = choice->kind;
    } else if (event.kind == Kind::cancel && event.task.empty()) {
      row_->kind = Choice::Kind::cancel;
    } else if (event.kind == Kind::timer) {
      row_->kind = Choice::Kind::timer;
    }
    const bool could_go_on = turn_ != kWorld && turn_ != lane && states_[turn_] == State::ready;
    row_->pick = pick_of(choice, lane, could_go_on);
    if (row_->pick != Pick::explorer) return;
    const bool is_turn = row_->kind == Choice::Kind::step || row_->kind == Choice::Kind::callback;
    if (could_go_on && is_turn) row_->preempts = turn_;
    ++(is_turn                              ? story_.decisions.preemptions
       : row_->kind == Choice::Kind::cancel ? story_.decisions.cancellations
                                            : story_.decisions.timers);
  }

  [[nodiscard]] Pick pick_of(const Choice* choice, std::size_t lane, bool could_go_on) const {
    if (row_->kind == Choice::Kind::cancel) return Pick::explorer;
    const Choice::By by = choice == nullptr ? Choice::By::unknown : choice->by;
    if (by == Choice::By::explorer) return Pick::explorer;
    const bool others_ready = ready_besides(lane);
    if (is_fifo_ || by == Choice::By::loop) return others_ready ? Pick::loop : Pick::forced;
    if (row_->alternatives == 1) return Pick::forced;
    // Nobody wrote it down. What a task was kept from is the best guess there is.
    const bool is_timer = row_->kind == Choice::Kind::timer;
    const bool guess =
        is_timer ? choice != nullptr && others_ready : could_go_on && lane != last_lane_;
    return guess ? Pick::explorer : Pick::unknown;
  }

  [[nodiscard]] bool ready_besides(std::size_t lane) const {
    for (std::size_t other = 0; other < states_.size(); ++other) {
      if (other != lane && states_[other] == State::ready) return true;
    }
    return false;
  }

  /// Whether the value that is drawn now was for the explorer to choose.
  [[nodiscard]] bool draws() {
    if (drawn_ == values_.size()) return false;
    const Choice& choice = *values_[drawn_++];
    if (choice.by != Choice::By::unknown) return choice.by == Choice::By::explorer;
    return choice.alternatives > 1 && !is_fifo_;
  }

  Cell& cell_in(std::size_t lane) {
    const auto found = std::ranges::find(row_->cells, lane, &Cell::lane);
    if (found != row_->cells.end()) return *found;
    row_->cells.push_back({lane, {}, Marker::dot, State::ready, {}});
    return row_->cells.back();
  }

  void describe(const TraceEvent& event, std::size_t lane, Cell& cell) {
    switch (event.kind) {
      case Kind::step:
        opening_ = phrase(event.verb, event.object, event.detail);
        return;
      case Kind::failure:
        if (row_->failure.empty()) row_->failure = message_of(event);
        return;
      case Kind::spawn:
        return describe_peers("spawns", Link::Kind::spawn, event, lane, cell);
      case Kind::wake:
        if (event.peer == event.task || spawned_in_row(event.peer)) return;
        return describe_peers("wakes", Link::Kind::wake, event, lane, cell);
      case Kind::cancel:
        return describe_cancellation(event, lane, cell);
      default:
        break;
    }
    Line line = phrase_of(event);
    if (line.empty()) return;
    const bool drawn = event.kind == Kind::choose && draws();
    if (drawn) {
      ++row_->values;
      ++story_.decisions.values;
    }
    const bool early = event.kind == Kind::timer && row_->pick == Pick::explorer;
    for (Piece& piece : line) {
      if (drawn || early) piece.tone = Tone::chosen;
      if (event.suspicious) piece.tone = Tone::suspicious;
    }
    cell.phrases.push_back(std::move(line));
  }

  void describe_cancellation(const TraceEvent& event, std::size_t lane, Cell& cell) {
    TraceEvent plain = event;
    if (event.suspicious) plain.detail.clear();
    if (event.task.empty()) {
      cell.phrases.push_back({{Tone::chosen, "cancelled by the explorer"}});
      if (!plain.detail.empty()) cell.phrases.push_back(phrase("", plain.detail, ""));
    } else {
      describe_peers("cancels", Link::Kind::cancel, plain, lane, cell);
    }
    if (!event.suspicious) return;
    cell.phrases.push_back({{Tone::suspicious, clean(event.detail)}});
    peers_.clear();  // the next one has a phrase of its own
  }

  /// Events of one kind that follow each other share one phrase.
  void describe_peers(std::string_view verb, Link::Kind kind, const TraceEvent& event,
                      std::size_t lane, Cell& cell) {
    const std::size_t peer = lane_of(event.peer);
    if (peer != kWorld && peer != lane) row_->links.push_back({kind, lane, peer});
    if (event.kind != previous_kind_ || cell.phrases.empty() || peers_.empty()) {
      peers_.clear();
      cell.phrases.emplace_back();
    }
    peers_.push_back(event.peer);
    cell.phrases.back() = phrase(verb, id_list(peers_), event.detail);
  }

  [[nodiscard]] bool spawned_in_row(const std::string& id) {
    const std::size_t lane = lane_of(id);
    return std::ranges::any_of(row_->links, [lane](const Link& link) {
      return link.kind == Link::Kind::spawn && link.to == lane;
    });
  }

  void follow_state(const TraceEvent& event, std::size_t lane) {
    const std::size_t peer = lane_of(event.peer);
    const bool makes_ready = event.kind == Kind::wake || event.kind == Kind::spawn;
    if (makes_ready && peer != kWorld) states_[peer] = State::ready;
    if (lane == kWorld) return;
    if (event.kind == Kind::park) states_[lane] = State::parked;
    // A callback on the end of a task is a step in the lane of that task, which stays ended.
    const bool runs = event.kind == Kind::step || event.kind == Kind::yield;
    if (runs && states_[lane] != State::ended) states_[lane] = State::ready;
    if (event.kind == Kind::finish) states_[lane] = State::ended;
  }

  void finish_row() {
    if (!row_) return;
    if (row_->step) story_.steps = std::max(story_.steps, *row_->step + 1);
    if (row_->step && !row_->cells.empty() && row_->cells.front().phrases.empty()) {
      Line& opening = opening_;
      if (opening.empty() && row_step_ < actions_.size()) {
        opening = phrase(actions_[row_step_]->label, "", "");
      }
      if (opening.empty() && row_->failure.empty()) opening = phrase("runs", "", "");
      if (!opening.empty()) row_->cells.front().phrases.push_back(opening);
    }
    push(*std::move(row_), row_step_);
    row_.reset();
  }

  void push(Row row, std::size_t step) {
    const auto says = [](const Cell& cell) { return !cell.phrases.empty(); };
    const bool only_failure = !row.is_jump && !row.step && std::ranges::none_of(row.cells, says);
    const std::size_t index = story_.rows.size();
    const bool in_loop = story_.loop || (loop_step_ && step >= *loop_step_);
    if (in_loop && !only_failure) {
      if (!story_.loop) story_.loop = {*loop_step_, index, index};
      story_.loop->last = index;
    }
    story_.rows.push_back(std::move(row));
  }

  const Trace& trace_;
  Story story_;
  std::unordered_map<std::string, std::size_t> lanes_;
  std::vector<State> states_;
  std::vector<const Choice*> actions_;  ///< number k is the one that made step k
  std::vector<const Choice*> values_;   ///< of choose(), in the order in which they were drawn
  std::size_t drawn_ = 0;
  bool is_fifo_ = false;
  std::optional<std::size_t> loop_step_;
  bool steps_are_marked_ = false;
  std::optional<Row> row_;
  std::size_t row_step_ = 0;
  std::optional<std::size_t> shown_step_;
  std::size_t turn_ = kWorld;       ///< the task that ran last
  std::size_t last_lane_ = kWorld;  ///< of the row before
  Kind previous_kind_ = Kind::step;
  std::vector<std::string> peers_;
  Line opening_;
  std::chrono::nanoseconds now_{0};
};

}  // namespace

std::size_t Story::lane_of(const std::string& id) const {
  const auto found = std::ranges::find(lanes, id, &Lane::id);
  return found == lanes.end() ? kWorld : static_cast<std::size_t>(found - lanes.begin());
}

Story tell(const Trace& trace, const Schedule* schedule, const std::string& failure) {
  return Teller(trace, schedule).tell(failure);
}

const Cell* failing_cell(const Row& row) {
  if (row.failure.empty() || row.cells.empty()) return nullptr;
  const auto marked = std::ranges::find(row.cells, Marker::failure, &Cell::marker);
  return marked == row.cells.end() ? &row.cells.front() : &*marked;
}

std::string decision_of(const Story& story, const Row& row) {
  if (row.kind == Choice::Kind::cancel) return "injected cancellation";
  if (row.kind == Choice::Kind::timer) return "early timer";
  if (row.preempts != kWorld) return "preempts " + story.lanes[row.preempts].id;
  return "ahead of its turn";
}

std::string reason_of(const Story& story, const Row& row) {
  switch (row.pick) {
    case Pick::unknown:
      return "the task before could not go on";
    case Pick::forced:
      return "forced: nothing else could run";
    case Pick::loop:
      return "the order of the loop: it was first in the queue";
    case Pick::explorer:
      break;
  }
  std::string text = "chosen by the explorer";
  if (row.alternatives > 1) text += " out of " + std::to_string(row.alternatives) + " actions";
  if (row.preempts != kWorld) {
    return text + ": " + story.lanes[row.preempts].id + " could have gone on";
  }
  return text + ": " + decision_of(story, row);
}

const Place& place_of(const Row& row, const Cell& cell) {
  return &cell == failing_cell(row) ? row.failure_place : cell.place;
}

Line jump_sentence(const Row& row) {
  return {{Tone::verb, "+" + format_time(row.jump)},
          {Tone::object, row.could_run ? " a timer fires although tasks could run"
                                       : " nothing can run: the clock jumps to the next timer"}};
}

}  // namespace cocheck::detail
