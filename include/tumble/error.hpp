#pragma once
// Errors of the library: one type, one plain sentence, and the kind that decides the program's exit code.
#include <stdexcept>
#include <string>

namespace tumble {

/// Exit codes of the program (docs/exit_codes.md); the library carries them as the kind of an Error.
enum class ErrorKind {
    system = 1,       ///< a fault of ours or of the machine: disk full, out of memory
    input = 2,        ///< wrong use or bad input: the sentence names file, field, found, expected
    unsupported = 3,  ///< the data do not support a result
    interrupted = 130 ///< cancelled by the caller; a checkpoint has been written where there is one
};

/// Thrown by every function of the library that cannot do what it promises.
class Error : public std::runtime_error {
  public:
    Error(ErrorKind kind, const std::string& sentence) : std::runtime_error(sentence), kind_(kind) {}
    ErrorKind kind() const { return kind_; }

  private:
    ErrorKind kind_;
};

inline Error bad_input(const std::string& sentence) { return {ErrorKind::input, sentence}; }
inline Error system_error(const std::string& sentence) { return {ErrorKind::system, sentence}; }

}  // namespace tumble
