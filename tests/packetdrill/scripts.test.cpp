// Runs every script under tests/packetdrill/: those in known_failures/ must fail, all others pass.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "packetdrill/run.hpp"

namespace netsim::packetdrill {
namespace {

namespace fs = std::filesystem;

std::string folder() {
    return NETSIM_SOURCE_DIR "/tests/packetdrill/";
}

std::vector<std::string> scripts() {
    std::vector<std::string> all;
    for (const auto& entry : fs::recursive_directory_iterator(folder())) {
        if (entry.path().extension() == ".pkt") {
            all.push_back(entry.path().string().substr(folder().size()));
        }
    }
    std::sort(all.begin(), all.end());
    return all;
}

std::string read(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::string text(fs::file_size(path), '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    return text;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) {
    std::string name = info.param.substr(0, info.param.size() - 4);
    std::replace_if(
        name.begin(), name.end(),
        [](char c) { return std::isalnum(static_cast<unsigned char>(c)) == 0; }, '_');
    return name;
}

class Scripts : public testing::TestWithParam<std::string> {};

TEST_P(Scripts, Hold) {
    const Verdict verdict = run_script(GetParam(), read(folder() + GetParam()), {});
    if (GetParam().starts_with("known_failures/")) {
        EXPECT_FALSE(verdict.passed) << "it passes now: move it out of known_failures/";
    } else {
        EXPECT_TRUE(verdict.passed) << failure_text(verdict);
    }
}

INSTANTIATE_TEST_SUITE_P(All, Scripts, testing::ValuesIn(scripts()), test_name);

TEST(ScriptFolder, HoldsAtLeast120) {
    EXPECT_GE(scripts().size(), 120U);
}

}  // namespace
}  // namespace netsim::packetdrill
