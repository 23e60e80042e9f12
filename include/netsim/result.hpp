// Expected outcomes: a value, or the errno Linux would give. Programming errors abort
// (base/check.hpp); bad scripts and files throw InputError, caught once at the edge (Lua, command
// line).
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

namespace netsim {

/// Linux errno values, with Linux's numbers. The k keeps them clear of <cerrno>'s macros.
enum class Errno : std::uint8_t {
    kOk = 0,
    kEPERM = 1,
    kENOENT = 2,
    kEBADF = 9,
    kEAGAIN = 11,
    kENOMEM = 12,
    kEACCES = 13,
    kEFAULT = 14,
    kEINVAL = 22,
    kENFILE = 23,
    kEMFILE = 24,
    kEPIPE = 32,
    kEPROTO = 71,
    kEDESTADDRREQ = 89,
    kEMSGSIZE = 90,
    kENOPROTOOPT = 92,
    kEOPNOTSUPP = 95,
    kEAFNOSUPPORT = 97,
    kEADDRINUSE = 98,
    kEADDRNOTAVAIL = 99,
    kENETUNREACH = 101,
    kECONNABORTED = 103,
    kECONNRESET = 104,
    kENOBUFS = 105,
    kEISCONN = 106,
    kENOTCONN = 107,
    kETIMEDOUT = 110,
    kECONNREFUSED = 111,
    kEHOSTUNREACH = 113,
    kEALREADY = 114,
    kEINPROGRESS = 115,
};

/// "ECONNREFUSED"
std::string_view errno_name(Errno e);
/// None: no errno is called so.
std::optional<Errno> errno_named(std::string_view name);
/// "Connection refused", as glibc's strerror says it.
std::string_view errno_text(Errno e);

template <typename T>
using Result = tl::expected<T, Errno>;

inline tl::unexpected<Errno> fail(Errno e) {
    return tl::unexpected<Errno>(e);
}

/// A script, file or flag the user can mend. The message is one line: where, what, what is allowed.
class InputError : public std::runtime_error {
 public:
    using std::runtime_error::runtime_error;
};

}  // namespace netsim
