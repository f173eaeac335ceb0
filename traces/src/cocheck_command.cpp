#include <CLI/CLI.hpp>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>
#include <system_error>

#include "cocheck/dot.hpp"
#include "cocheck/render.hpp"
#include "cocheck/schedule_file.hpp"
#include "cocheck/schedule_line.hpp"
#include "cocheck/terminal_text.hpp"
#include "cocheck/text_table.hpp"
#include "command_error.hpp"
#include "replay_command.hpp"
#include "text.hpp"

namespace {

namespace fs = std::filesystem;

constexpr int kBadInput = 2;

std::string replay_command(const fs::path& file) {
  return "cocheck replay " + cocheck::shell_word(file.string());
}

// cocheck show. -----------------------------------------------------------------------------------

/// "found by dpor, seed 7, with clock=idle order=any; 12 choices".
std::string how_it_was_found(const cocheck::Schedule& schedule) {
  std::string text = "found by " + (schedule.strategy.empty() ? "an explorer" : schedule.strategy);
  if (schedule.seed != 0) text += ", seed " + std::to_string(schedule.seed);
  if (!schedule.options.empty()) {
    text += ", with";
    for (const auto& [name, value] : schedule.options) text += " " + name + "=" + value;
  }
  return text + "; " + cocheck::detail::count_of(schedule.choices.size(), "choice");
}

void print_line(std::string_view text) {
  std::cout << cocheck::detail::clean(text) << '\n';
}

void print_summary(const cocheck::Recording& recording) {
  const cocheck::Schedule& schedule = recording.schedule;
  if (!schedule.test.empty()) print_line(schedule.test);
  if (!recording.verdict.empty()) print_line(recording.verdict);
  const bool says_more =
      !recording.failure.empty() && recording.verdict.find(recording.failure) == std::string::npos;
  if (says_more) {
    for (const std::string& line : cocheck::detail::lines_of(recording.failure)) {
      print_line("  " + line);
    }
  }
  print_line(how_it_was_found(schedule));
}

void print_instructions(const fs::path& file, const cocheck::Schedule& schedule) {
  std::cout << "replay:   " << replay_command(file) << '\n';
  std::cout << "picture:  cocheck render " << cocheck::shell_word(file.string()) << '\n';
  std::cout << "schedule: " << cocheck::to_line(schedule) << '\n';
}

int show(const fs::path& file) {
  const cocheck::Recording recording = cocheck::read_recording(file);
  print_summary(recording);
  const std::string table = cocheck::text_table(recording);
  std::cout << '\n' << (table.empty() ? "(the file holds no trace)\n" : table) << '\n';
  print_instructions(file, recording.schedule);
  return EXIT_SUCCESS;
}

// cocheck render. ---------------------------------------------------------------------------------

int render(const fs::path& file, fs::path output) {
  const cocheck::Recording recording = cocheck::read_recording(file);
  if (output.empty()) output = fs::path(file).replace_extension(".svg");
  std::error_code ignored;
  if (fs::equivalent(file, output, ignored)) {
    throw cocheck::detail::CommandError(
        output.string() + ": is the schedule itself; name another file with --output");
  }
  const std::string dot = cocheck::to_dot(recording, {replay_command(file)});
  const std::string extension = output.extension().string();
  const bool is_picture = extension == ".svg" || extension == ".png" || extension == ".pdf";
  if (is_picture && !cocheck::can_render()) {
    const fs::path source = fs::path(output).replace_extension(".dot");
    cocheck::render(dot, source);
    throw cocheck::detail::CommandError(
        "dot is not installed: wrote " + source.string() +
        "; install the package graphviz and run: dot -T" + extension.substr(1) + " -o " +
        cocheck::shell_word(output.string()) + " " + cocheck::shell_word(source.string()));
  }
  cocheck::render(dot, output);
  std::cout << "wrote " << cocheck::printable(output.string()) << '\n';
  return EXIT_SUCCESS;
}

// -------------------------------------------------------------------------------------------------

struct Arguments {
  std::string file;
  std::string output;
  std::string program;
  std::string project;
};

void describe(CLI::App& app, Arguments& arguments) {
  app.set_version_flag("--version", "cocheck " COCHECK_VERSION);
  app.require_subcommand(1);
  CLI::App* const show_command =
      app.add_subcommand("show", "print what happened, as a table, and how to replay it");
  CLI::App* const render_command = app.add_subcommand("render", "draw what happened");
  CLI::App* const replay_command = app.add_subcommand(
      "replay",
      "run the test again that recorded the schedule, the same way; exits with 0 "
      "when it passes now, 1 when it fails the same way, 3 when in another "
      "way, 125 when that cannot be told");
  for (CLI::App* const command : {show_command, render_command, replay_command}) {
    command->add_option("FILE", arguments.file, "a schedule file")->required();
  }
  render_command->add_option("-o,--output", arguments.output,
                             "the picture: .svg, .png, .pdf or .dot (FILE with .svg)");
  replay_command->add_option("--program", arguments.program,
                             "the test program, when it is not where it was, or not yours");
  replay_command->add_option("--project", arguments.project,
                             "the folder whose test programs may be run (the repository around the "
                             "current folder, or that folder)");
}

int run(const CLI::App& app, const Arguments& arguments) {
  if (app.got_subcommand("show")) return show(arguments.file);
  if (app.got_subcommand("render")) return render(arguments.file, arguments.output);
  return cocheck::detail::replay({arguments.file, arguments.program, arguments.project});
}

int fail(std::string_view message) {
  std::cerr << "cocheck: " << cocheck::detail::clean(message) << '\n';
  return kBadInput;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    CLI::App app("Shows, draws and replays the schedules that cocheck recorded.", "cocheck");
    Arguments arguments;
    describe(app, arguments);
    try {
      app.parse(argc, argv);
    } catch (const CLI::Success& success) {
      return app.exit(success);
    } catch (const CLI::ParseError& error) {
      return fail(std::string(error.what()) + " (cocheck --help tells the usage)");
    }
    const int code = run(app, arguments);
    std::cout.flush();
    return std::cout.good() ? code : fail("cannot write to the standard output");
  } catch (const std::exception& error) {
    return fail(error.what());
  }
}
