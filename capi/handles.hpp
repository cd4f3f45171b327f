#pragma once
// What stands behind the opaque handles of tumble.h.
#include <atomic>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "boundary.hpp"
#include "named_arrays.hpp"
#include "tumble/operators.hpp"
#include "tumble/reconstruct.hpp"
#include "tumble/reconstruction_steps.hpp"

struct tumble_context {
    tumble_progress_callback progress = nullptr;
    void* progress_user = nullptr;
    tumble_log_callback log = nullptr;
    void* log_user = nullptr;
    std::atomic<bool> cancel{false};
    std::int32_t callback_value = 0;
    tumble::c_interface::Allocator allocator;
    tumble::c_interface::Sentence error{};
};

struct tumble_options {
    tumble::ReconstructOptions values;
};

struct tumble_stack {
    tumble::ImageStack values;
};

struct tumble_result {
    tumble::ReconstructResult values;
    tumble::c_interface::NamedArrays arrays;  // of values
    std::map<std::string, double> numbers;
    std::map<std::string, std::string> texts;
};

struct tumble_run {
    tumble::ReconstructionSteps steps;
    tumble::c_interface::NamedArrays arrays;  // of the steps done so far
    tumble::c_interface::Allocator allocator;  // for the result
    std::optional<tumble::ReconstructResult> taken;  // by a call that found no memory for it
};

struct tumble_device {
    tumble::Device value;
};

struct tumble_images {
    tumble::ParticleImages value;
};

struct tumble_transform {
    tumble::MapTransform value;
};

struct tumble_search {
    tumble::OrientationSearch value;
};

struct tumble_equations {
    tumble::MapEquations value;
};

struct tumble_atoms {
    tumble::Atoms values;
    tumble::c_interface::NamedArrays arrays;  // of values
};
