// A RapidCheck property that draws the same cases in every run.
#pragma once

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <sstream>
#include <string>
#include <utility>

#include "rapidcheck/detail/TestListenerAdapter.h"

namespace netsim {

/// Runs `property` `runs` times from a fixed seed. NETSIM_PROPERTY_RUNS=N draws N cases instead,
/// RC_PARAMS="seed=S" others. A failure prints its smallest case and the command that repeats it.
template <typename Property>
void check_property(int runs, Property&& property) {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    const std::string name = std::string(test->test_suite_name()) + "." + test->name();
    rc::detail::Configuration defaults;
    defaults.testParams.seed = 9293;
    const char* wanted = std::getenv("NETSIM_PROPERTY_RUNS");
    defaults.testParams.maxSuccess = wanted != nullptr ? std::atoi(wanted) : runs;
    ASSERT_GT(defaults.testParams.maxSuccess, 0) << "NETSIM_PROPERTY_RUNS is a number over 0";
    const char* params = std::getenv("RC_PARAMS");
    const rc::detail::Configuration config =
        rc::detail::configFromString(params != nullptr ? params : "", defaults);
    rc::detail::TestListenerAdapter quiet;
    const rc::detail::TestResult result = rc::detail::checkTestable(
        std::forward<Property>(property), rc::detail::TestMetadata{name, name}, config.testParams,
        quiet, config.reproduce);
    if (result.template is<rc::detail::SuccessResult>()) {
        return;
    }
    std::ostringstream why;
    rc::detail::printResultMessage(result, why);
    if (result.template is<rc::detail::FailureResult>()) {
        rc::detail::Configuration again;
        again.reproduce[name] = result.template get<rc::detail::FailureResult>().reproduce;
        why << "\nreplay: RC_PARAMS=\"" << rc::detail::configToMinimalString(again)
            << "\" netsim_test_tcp --gtest_filter=" << name;
    }
    FAIL() << why.str();
}

}  // namespace netsim
