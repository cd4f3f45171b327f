#include "app/terminal_progress.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>

#include "app/interrupt.hpp"
#include "tumble/error.hpp"

namespace tumble::app {

namespace {

constexpr double bar_interval_s = 0.1;
constexpr double plain_interval_s = 10;
constexpr int bar_width = 30;

std::string utc_now() {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

std::string minutes(double seconds) {
    const auto whole = static_cast<long>(seconds + 0.5);
    return fmt::format("{}:{:02}", whole / 60, whole % 60);
}

}  // namespace

ProgressStyle progress_style(const std::string& choice, bool quiet) {
    if (quiet) return ProgressStyle::quiet;
    if (choice == "bar") return ProgressStyle::bar;
    if (choice == "plain") return ProgressStyle::plain;
    if (choice == "json") return ProgressStyle::json;
    return isatty(STDERR_FILENO) ? ProgressStyle::bar : ProgressStyle::plain;
}

TerminalProgress::TerminalProgress(ProgressStyle style)
    : style_(style), run_start_(Clock::now()), stage_start_(run_start_), last_report_(run_start_) {
    // https://no-color.org: set and not empty means no colour.
    const char* no_colour = std::getenv("NO_COLOR");
    const char* terminal = std::getenv("TERM");
    colour_ =
        isatty(STDERR_FILENO) && (!no_colour || !*no_colour) && terminal && std::string(terminal) != "dumb";
}

TerminalProgress::~TerminalProgress() {
    finish();
}

void TerminalProgress::open_log(const std::string& path, bool append) {
    std::ofstream file(path, append ? std::ios::app : std::ios::trunc);
    if (!file)
        throw bad_input(
            fmt::format("{}: the log file cannot be opened for writing, expected a writable path", path));
    file << kept_ << std::flush;
    logs_.push_back(std::move(file));
}

void TerminalProgress::open_picture(const std::string& path, double voxel_A) {
    picture_.emplace(path, voxel_A);
}

void TerminalProgress::keep(const std::string& line) {
    const std::string stamped = utc_now() + " " + line + "\n";
    kept_ += stamped;
    for (std::ofstream& file : logs_) file << stamped << std::flush;
}

void TerminalProgress::say(const std::string& line) {
    wipe_bar();
    std::fputs((line + "\n").c_str(), stderr);
}

void TerminalProgress::stage(const std::string& name) {
    if (!stage_.empty()) update(1);
    finish();
    stage_ = name;
    fraction_ = 0;
    stage_start_ = last_report_ = Clock::now();
    keep("stage " + name);
    if (style_ == ProgressStyle::plain) say(name + " ...");
    if (style_ == ProgressStyle::json) json("stage", "", 0);
    if (style_ == ProgressStyle::bar) draw(0);
}

void TerminalProgress::update(double fraction) {
    fraction_ = std::clamp(fraction, 0.0, 1.0);
    const Clock::time_point now = Clock::now();
    const double silent = std::chrono::duration<double>(now - last_report_).count();
    const bool on_bar = style_ == ProgressStyle::bar;
    const bool done = fraction_ >= 1 && on_bar;
    if (!done && silent < (on_bar ? bar_interval_s : plain_interval_s)) return;
    last_report_ = now;
    if (on_bar) draw(fraction_);
    if (style_ == ProgressStyle::json) json("progress", "", fraction_);
    if (style_ == ProgressStyle::plain)
        say(fmt::format("{} {:.0f} %, {} left", stage_, 100 * fraction_, minutes(seconds_left(fraction_))));
}

void TerminalProgress::log(const std::string& line) {
    keep(line);
    if (style_ == ProgressStyle::json) json("log", line, fraction_);
    if (style_ == ProgressStyle::plain) say(line);
    if (style_ == ProgressStyle::bar) {
        say(line);
        if (!stage_.empty()) draw(fraction_);
    }
}

void TerminalProgress::round(const RoundReport& report) {
    if (!picture_) return;
    if (const std::optional<std::string> failure = picture_->add(report)) log(*failure);
}

bool TerminalProgress::cancelled() {
    return interrupt_requested();
}

void TerminalProgress::finish() {
    stage_.clear();
    if (!bar_drawn_) return;
    std::fputc('\n', stderr);
    bar_drawn_ = false;
}

double TerminalProgress::stage_seconds() const {
    return std::chrono::duration<double>(Clock::now() - stage_start_).count();
}

double TerminalProgress::seconds_left(double fraction) const {
    return fraction > 0 ? stage_seconds() * (1 - fraction) / fraction : 0;
}

void TerminalProgress::draw(double fraction) {
    const double seconds = stage_seconds();
    const int full = static_cast<int>(fraction * bar_width + 0.5);
    const std::string rate = seconds > 0.5 ? fmt::format("{:.1f} %/s", 100 * fraction / seconds) : "";
    const std::string time = fraction >= 1  ? "took " + minutes(seconds)
                             : fraction > 0 ? minutes(seconds_left(fraction)) + " left"
                                            : "";
    std::fprintf(stderr, "\r%s%-12s%s [%s%s] %3.0f %%  %s  %s\033[K", colour_ ? "\033[1m" : "",
                 stage_.c_str(), colour_ ? "\033[0m" : "",
                 std::string(static_cast<std::size_t>(full), '#').c_str(),
                 std::string(static_cast<std::size_t>(bar_width - full), '.').c_str(), 100 * fraction,
                 rate.c_str(), time.c_str());
    std::fflush(stderr);
    bar_drawn_ = true;
}

void TerminalProgress::wipe_bar() {
    if (!bar_drawn_) return;
    std::fputs("\r\033[K", stderr);
    bar_drawn_ = false;
}

void TerminalProgress::json(const std::string& event, const std::string& text, double fraction) {
    nlohmann::ordered_json line = {{"event", event}, {"stage", stage_}, {"fraction", fraction}};
    line["elapsed_s"] = std::chrono::duration<double>(Clock::now() - run_start_).count();
    if (event == "progress") line["left_s"] = seconds_left(fraction);
    if (!text.empty()) line["text"] = text;
    std::fputs((line.dump() + "\n").c_str(), stdout);
    std::fflush(stdout);
}

}  // namespace tumble::app
