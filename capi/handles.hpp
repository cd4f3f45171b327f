#pragma once
// What stands behind the opaque handles of tumble.h.
#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "boundary.hpp"
#include "tumble/reconstruct.hpp"

struct tumble_context {
    tumble_progress_callback progress = nullptr;
    void* progress_user = nullptr;
    tumble_log_callback log = nullptr;
    void* log_user = nullptr;
    std::atomic<bool> cancel{false};
    std::int32_t callback_value = 0;
    tumble::c_interface::Sentence error{};
};

struct tumble_options {
    tumble::ReconstructOptions values;
};

struct tumble_stack {
    tumble::ImageStack values;
};

struct tumble_result {
    struct Array {
        std::int32_t dtype;
        std::vector<std::int64_t> shape;
        const void* data;
    };
    // The maps stay where the reconstruction made them; the columns of atoms and images are gathered once.
    tumble::ReconstructResult values;
    std::map<std::string, std::vector<double>> columns;
    std::map<std::string, std::vector<std::int32_t>> flags;
    std::map<std::string, Array> arrays;
    std::map<std::string, double> numbers;
    std::map<std::string, std::string> texts;
};
