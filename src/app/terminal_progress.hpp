#pragma once
// Progress for people and for programs: a bar on a terminal, a line a step elsewhere, JSON lines on request.
#include <chrono>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "app/progress_picture.hpp"
#include "tumble/progress.hpp"

namespace tumble::app {

enum class ProgressStyle { bar, plain, json, quiet };

/// `choice` is what the user gave: auto, bar, plain or json. auto: a bar where stderr is a terminal, else
/// plain.
ProgressStyle progress_style(const std::string& choice, bool quiet);

/// Bar and plain lines go to stderr, JSON lines (one object a line: event, stage, fraction, elapsed_s,
/// left_s, text) to stdout. Everything but the bar is kept in the log files as well, with the time of day
/// (UTC). Cancelled by interrupt_requested().
class TerminalProgress final : public Progress {
  public:
    explicit TerminalProgress(ProgressStyle style);
    ~TerminalProgress() override;
    TerminalProgress(const TerminalProgress&) = delete;
    TerminalProgress& operator=(const TerminalProgress&) = delete;

    /// Adds a file that log lines go to; lines said so far are written first. Throws Error(input) if it
    /// cannot be opened.
    void open_log(const std::string& path, bool append);
    /// From now on each round of the search for poses is drawn into the file at `path`, in any style.
    void open_picture(const std::string& path, double voxel_A);

    void stage(const std::string& name) override;
    void update(double fraction) override;
    void log(const std::string& line) override;
    void round(const RoundReport& report) override;
    bool cancelled() override;

    /// Ends the bar, so that other text can follow.
    void finish();
    ProgressStyle style() const { return style_; }

  private:
    using Clock = std::chrono::steady_clock;
    void keep(const std::string& line);
    void say(const std::string& line);
    void draw(double fraction);
    void wipe_bar();
    void json(const std::string& event, const std::string& text, double fraction);
    double stage_seconds() const;
    double seconds_left(double fraction) const;

    ProgressStyle style_;
    bool colour_;
    bool bar_drawn_ = false;
    std::string stage_;
    double fraction_ = 0;
    Clock::time_point run_start_, stage_start_, last_report_;
    std::string kept_;  // what was said before a log file was open
    std::vector<std::ofstream> logs_;
    std::optional<ProgressPicture> picture_;
};

}  // namespace tumble::app
