#pragma once
// How long work reports and how it is stopped. The library prints nothing: the caller hands in a Progress.
#include <string>

namespace tumble {

/// Receives reports of long work. Called from the thread that called the library, never from its workers.
class Progress {
  public:
    virtual ~Progress() = default;
    /// A stage begins; `name` is short and stable ("search", "restore", "atoms").
    virtual void stage(const std::string& name) = 0;
    /// `fraction` of the present stage is done, in [0, 1].
    virtual void update(double fraction) = 0;
    /// One line worth keeping (figures of an iteration, a decision, a warning).
    virtual void log(const std::string& line) = 0;
    /// Polled between batches; true ends the work with Error(ErrorKind::interrupted) after a checkpoint.
    virtual bool cancelled() = 0;
};

/// Reports nowhere and never cancels.
class NoProgress final : public Progress {
  public:
    void stage(const std::string&) override {}
    void update(double) override {}
    void log(const std::string&) override {}
    bool cancelled() override { return false; }
};

}  // namespace tumble
