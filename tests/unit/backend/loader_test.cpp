// Which backend is chosen, and which modules are refused, with what words.
#include <filesystem>
#include <string>

#include "backend/cpu_operations.hpp"
#include "backend/loader.hpp"
#include "catch.hpp"
#include "tumble/build_information.hpp"
#include "tumble/error.hpp"

using namespace tumble;
using namespace tumble::backend;

namespace {

const std::string modules = TEST_MODULE_DIR;

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

std::string refusal(const std::string& device) {
    try {
        choose_backend(device);
    } catch (const Error& e) {
        CHECK(e.kind() == ErrorKind::input);
        return e.what();
    }
    return {};
}

}  // namespace

TEST_CASE("cpu and auto give the CPU where there is no module, and auto says why", "[backend]") {
    CHECK(choose_backend("cpu").table == &cpu_operations());
    const Choice choice = choose_backend("auto");
    CHECK(choice.table == &cpu_operations());
    CHECK(contains(choice.reason, "CUDA backend not built"));
    const auto list = build_information().backends;
    REQUIRE(list.size() == 2);
    CHECK(list[0].available);
    CHECK_FALSE(list[1].available);
    CHECK(list[1].detail == "CUDA backend not built");
}

TEST_CASE("cuda that is asked for and cannot be had is an error with its reason", "[backend]") {
    CHECK(refusal("cuda") == "device: found 'cuda', but CUDA backend not built; expected auto or cpu");
    for (const char* device : {"cuda:3", "cuda:0,1", "cuda:all"}) CHECK(contains(refusal(device), "CUDA backend not built"));
    for (const char* word : {"gpu", "cuda:", "cuda:x", "cuda:-1", "cuda:1x", "cuda:0,", ""})
        CHECK(contains(refusal(word), "expected auto, cpu, cuda, cuda:N, several as in cuda:0,1, or cuda:all"));
}

TEST_CASE("a module that fits is loaded, another ABI number or a missing operation is refused", "[backend]") {
    const LoadedModule good = load_module("test_module_fitting.so", {"/nowhere", modules});
    REQUIRE(good.table);
    CHECK(std::string(good.table->name) == "test");
    const LoadedModule other = load_module("test_module_other_abi.so", {modules});
    CHECK(other.table == nullptr);
    CHECK(contains(other.reason, "ABI number " + std::to_string(abi_version + 41) + ", expected " + std::to_string(abi_version)));
    const LoadedModule lacking = load_module("test_module_without_operations.so", {modules});
    CHECK(lacking.table == nullptr);
    CHECK(contains(lacking.reason, "lacks operation"));
}

TEST_CASE("the first folder that holds a module decides, and no module is taken from a relative folder", "[backend]") {
    const auto previous = std::filesystem::current_path();
    std::filesystem::current_path(modules);
    for (const char* folder : {"", ".", "./"}) CHECK(load_module("test_module_fitting.so", {folder}).table == nullptr);
    std::filesystem::current_path(previous);
    CHECK(load_module("test_module_absent.so", {modules}).reason == "CUDA backend not built");
    CHECK(contains(load_module("CTestTestfile.cmake", {modules}).reason, "cannot be loaded"));
}

TEST_CASE("the CPU's table is of this ABI, has this size and no holes", "[backend]") {
    Operations table = cpu_operations();
    CHECK(table.struct_size == sizeof(Operations));
    CHECK(table.abi_version == abi_version);
    CHECK(unfit(table).empty());
    table.hill_climb = nullptr;
    CHECK(contains(unfit(table), "lacks operation"));
    table = cpu_operations();
    table.struct_size -= 8;
    CHECK(contains(unfit(table), "bytes"));
}
