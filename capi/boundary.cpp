#include "boundary.hpp"

#include <algorithm>
#include <cstring>

namespace tumble::c_interface {
namespace {

// A thread's own: the C interface promises the last failure of the thread.
Sentence& sentence_of_this_thread() noexcept {
    thread_local Sentence sentence{};
    return sentence;
}

void write(Sentence& to, const char* from) noexcept {
    const std::size_t length = std::min(std::strlen(from), to.size() - 1);
    std::memcpy(to.data(), from, length);
    to[length] = 0;
}

}  // namespace

tumble_status keep(tumble_status status, const char* sentence, Sentence* own) noexcept {
    write(sentence_of_this_thread(), sentence);
    if (own) write(*own, sentence);
    return status;
}

tumble_status status_of(ErrorKind kind) noexcept {
    switch (kind) {
        case ErrorKind::system:
            return TUMBLE_E_SYSTEM;
        case ErrorKind::input:
            return TUMBLE_E_INPUT;
        case ErrorKind::unsupported:
            return TUMBLE_E_UNSUPPORTED;
        case ErrorKind::interrupted:
            return TUMBLE_E_CANCELLED;
    }
    return TUMBLE_E_INTERNAL;
}

}  // namespace tumble::c_interface

using namespace tumble::c_interface;

extern "C" {

int32_t tumble_status_group(tumble_status status) { return status / 100; }

const char* tumble_status_text(tumble_status status) {
    switch (status) {
        case TUMBLE_OK:
            return "good";
        case TUMBLE_E_NULL:
            return "a required pointer is NULL";
        case TUMBLE_E_KEY:
            return "unknown name";
        case TUMBLE_E_ARRAY:
            return "unsuitable array";
        case TUMBLE_E_STRUCT_SIZE:
            return "struct_size is not set";
        case TUMBLE_E_NO_MEMORY:
            return "out of memory";
    }
    switch (tumble_status_group(status)) {
        case 1:
            return "unsuitable argument";
        case 2:
            return "unsuitable input";
        case 3:
            return "failure of the machine";
        case 4:
            return "failure of the device";
        case 5:
            return "the data do not support a result";
        case 6:
            return "cancelled";
    }
    return "internal fault";
}

const char* tumble_last_error(void) { return sentence_of_this_thread().data(); }

}  // extern "C"
