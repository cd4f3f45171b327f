#include "backend/loader.hpp"

#include <dlfcn.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <numeric>

#include "backend/cpu_operations.hpp"
#include "backend/several_devices.hpp"
#include "core/cpu_features.hpp"
#include "core/threads.hpp"
#include "tumble/error.hpp"

namespace tumble::backend {
namespace {

constexpr const char* cuda_file = "tumble_cuda.so";
constexpr const char* table_symbol = "tumble_backend_operations";  // const Operations* tumble_backend_operations(void)

/// Folder of the library or program that this code is part of; empty if it cannot be told.
std::string own_folder() {
    Dl_info where{};
    std::filesystem::path file;
    if (dladdr(reinterpret_cast<const void*>(&cpu_operations), &where) && where.dli_fname) file = where.dli_fname;
    std::error_code error;
    // A program is known by the name that it was called with; the kernel knows its file.
    if (!file.is_absolute()) file = std::filesystem::read_symlink("/proc/self/exe", error);
    return file.parent_path().string();
}

LoadedModule cuda_module() {
    const char* named = std::getenv("TUMBLE_BACKEND_DIR");
    return load_module(cuda_file, {named ? named : "", own_folder(), TUMBLE_BACKEND_DIR});
}

/// Number of devices, or in `reason` why there is none.
int devices_of(const Operations& table, std::string& reason) {
    std::int32_t count = 0;
    const std::int32_t status = table.device_count(&count);
    if (status != status_good)
        reason = fmt::format("the {} backend finds no driver or device (status {})", table.name, status);
    else if (count < 1)
        reason = fmt::format("the {} backend finds no device", table.name);
    return status == status_good ? count : 0;
}

/// "NVIDIA H100 80GB HBM3, compute capability 9.0, 79.1 of 79.6 GiB free"
std::string device_line(const Operations& table, int device) {
    DeviceDescription d{};
    if (table.device_describe(device, &d) != status_good) return table.description;
    constexpr double gib = 1024.0 * 1024 * 1024;
    return fmt::format("{}, compute capability {}.{}, {:.1f} of {:.1f} GiB free", d.name, d.major, d.minor,
                       static_cast<double>(d.free_bytes) / gib, static_cast<double>(d.total_bytes) / gib);
}

std::string cpu_line() {
    return fmt::format("{} loops, {} cores", name_of(detected_instruction_set()), available_cores());
}

bool names_cuda(std::string_view device) {
    return device == "cuda" || device.rfind("cuda:", 0) == 0;
}

[[noreturn]] void refuse_word(std::string_view device) {
    throw bad_input(fmt::format("device: found '{}', expected {}", device, device_words));
}

/// 0 and 1 of "cuda:0,1"; 0 of "cuda" and "auto"; none of "cuda:all".
std::vector<int> device_numbers(std::string_view device) {
    if (device == "cuda" || device == "auto") return {0};
    std::string_view rest = device.substr(std::strlen("cuda:"));
    std::vector<int> numbers;
    if (rest == "all") return numbers;
    for (;;) {
        int number = -1;
        const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
        if (error != std::errc() || number < 0) refuse_word(device);
        if (std::find(numbers.begin(), numbers.end(), number) != numbers.end())
            throw bad_input(fmt::format("device: found '{}', which names device {} twice; expected each once", device, number));
        numbers.push_back(number);
        rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
        if (rest.empty()) return numbers;
        if (rest.front() != ',') refuse_word(device);
        rest.remove_prefix(1);
    }
}

/// One device, or several behind a table of their own.
Choice choice_of(const Operations& table, const std::vector<int>& devices) {
    Choice choice{&table, devices.front(), {}};
    if (devices.size() > 1) {
        const SeveralDevices several = several_devices(table, devices);
        choice.table = several.table;
        choice.device = several.number;
    }
    choice.reason = device_name(*choice.table, choice.device) + ":";
    for (const int device : devices) choice.reason += (device == devices.front() ? " " : "; ") + device_line(table, device);
    return choice;
}

}  // namespace

std::string unfit(const Operations& table) {
    if (table.abi_version != abi_version)
        return fmt::format("has ABI number {}, expected {}", table.abi_version, abi_version);
    if (table.struct_size < sizeof(Operations))
        return fmt::format("has a table of {} bytes, expected {}", table.struct_size, sizeof(Operations));
    // All fields from device_count on are pointers to functions, one after the other.
    const auto* bytes = reinterpret_cast<const unsigned char*>(&table);
    constexpr std::size_t first = offsetof(Operations, device_count), size = sizeof(void (*)());
    constexpr unsigned char null[size] = {};
    for (std::size_t at = first; at < sizeof(Operations); at += size)
        if (std::memcmp(bytes + at, null, size) == 0)
            return fmt::format("lacks operation {} of {}", (at - first) / size + 1, (sizeof(Operations) - first) / size);
    return {};
}

LoadedModule load_module(const std::string& file, const std::vector<std::string>& folders) {
    for (const auto& folder : folders) {
        const std::filesystem::path path = std::filesystem::path(folder) / file;
        std::error_code error;
        if (!path.is_absolute() || !std::filesystem::exists(path, error)) continue;
        void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
        if (!module) {
            const char* text = dlerror();
            return {nullptr, path.string() + " cannot be loaded: " + (text ? text : "no reason given")};
        }
        const auto table_of = reinterpret_cast<const Operations* (*)()>(dlsym(module, table_symbol));
        const Operations* table = table_of ? table_of() : nullptr;
        const std::string fault = table ? unfit(*table) : fmt::format("exports no {}", table_symbol);
        if (!fault.empty()) {
            dlclose(module);
            return {nullptr, path.string() + " " + fault};
        }
        return {table, path.string()};
    }
    return {nullptr, "CUDA backend not built"};
}

Choice choose_backend(std::string_view device) {
    const Choice cpu{&cpu_operations(), 0, "cpu: " + cpu_line()};
    if (device == "cpu") return cpu;
    const bool automatic = device == "auto";
    if (!automatic && !names_cuda(device)) refuse_word(device);
    std::vector<int> numbers = device_numbers(device);
    const LoadedModule module = cuda_module();
    std::string reason = module.reason;
    if (module.table) {
        const int devices = devices_of(*module.table, reason);
        if (numbers.empty()) {
            numbers.resize(static_cast<std::size_t>(std::max(devices, 1)));
            std::iota(numbers.begin(), numbers.end(), 0);
        }
        if (*std::max_element(numbers.begin(), numbers.end()) < devices) return choice_of(*module.table, numbers);
        if (devices > 0) reason = fmt::format("the machine has {} CUDA devices", devices);
    }
    if (!automatic) throw bad_input(fmt::format("device: found '{}', but {}; expected auto or cpu", device, reason));
    return {cpu.table, 0, cpu.reason + "; " + reason};
}

std::vector<BackendInformation> backend_list() {
    std::vector<BackendInformation> list{{"cpu", true, cpu_line()}};
    const LoadedModule module = cuda_module();
    std::string detail = module.reason;
    const bool available = module.table && devices_of(*module.table, detail) > 0;
    list.push_back({"cuda", available, available ? device_line(*module.table, 0) : detail});
    return list;
}

}  // namespace tumble::backend
