// Names and texts of the errno values the model uses.
#include <array>

#include "netsim/result.hpp"

namespace netsim {
namespace {

struct ErrnoEntry {
    Errno value;
    std::string_view name;
    std::string_view text;
};

constexpr auto kErrnos = std::to_array<ErrnoEntry>({
    {Errno::kOk, "OK", "Success"},
    {Errno::kEPERM, "EPERM", "Operation not permitted"},
    {Errno::kENOENT, "ENOENT", "No such file or directory"},
    {Errno::kEBADF, "EBADF", "Bad file descriptor"},
    {Errno::kEAGAIN, "EAGAIN", "Resource temporarily unavailable"},
    {Errno::kENOMEM, "ENOMEM", "Cannot allocate memory"},
    {Errno::kEACCES, "EACCES", "Permission denied"},
    {Errno::kEFAULT, "EFAULT", "Bad address"},
    {Errno::kEINVAL, "EINVAL", "Invalid argument"},
    {Errno::kENFILE, "ENFILE", "Too many open files in system"},
    {Errno::kEMFILE, "EMFILE", "Too many open files"},
    {Errno::kEPIPE, "EPIPE", "Broken pipe"},
    {Errno::kEPROTO, "EPROTO", "Protocol error"},
    {Errno::kEDESTADDRREQ, "EDESTADDRREQ", "Destination address required"},
    {Errno::kEMSGSIZE, "EMSGSIZE", "Message too long"},
    {Errno::kENOPROTOOPT, "ENOPROTOOPT", "Protocol not available"},
    {Errno::kEOPNOTSUPP, "EOPNOTSUPP", "Operation not supported"},
    {Errno::kEAFNOSUPPORT, "EAFNOSUPPORT", "Address family not supported by protocol"},
    {Errno::kEADDRINUSE, "EADDRINUSE", "Address already in use"},
    {Errno::kEADDRNOTAVAIL, "EADDRNOTAVAIL", "Cannot assign requested address"},
    {Errno::kENETUNREACH, "ENETUNREACH", "Network is unreachable"},
    {Errno::kECONNABORTED, "ECONNABORTED", "Software caused connection abort"},
    {Errno::kECONNRESET, "ECONNRESET", "Connection reset by peer"},
    {Errno::kENOBUFS, "ENOBUFS", "No buffer space available"},
    {Errno::kEISCONN, "EISCONN", "Transport endpoint is already connected"},
    {Errno::kENOTCONN, "ENOTCONN", "Transport endpoint is not connected"},
    {Errno::kETIMEDOUT, "ETIMEDOUT", "Connection timed out"},
    {Errno::kECONNREFUSED, "ECONNREFUSED", "Connection refused"},
    {Errno::kEHOSTUNREACH, "EHOSTUNREACH", "No route to host"},
    {Errno::kEALREADY, "EALREADY", "Operation already in progress"},
    {Errno::kEINPROGRESS, "EINPROGRESS", "Operation now in progress"},
});

const ErrnoEntry* entry(Errno e) {
    for (const ErrnoEntry& candidate : kErrnos) {
        if (candidate.value == e) {
            return &candidate;
        }
    }
    return nullptr;
}

}  // namespace

std::string_view errno_name(Errno e) {
    const ErrnoEntry* found = entry(e);
    return found != nullptr ? found->name : "E?";
}

std::optional<Errno> errno_named(std::string_view name) {
    for (const ErrnoEntry& candidate : kErrnos) {
        if (candidate.name == name) {
            return candidate.value;
        }
    }
    return std::nullopt;
}

std::string_view errno_text(Errno e) {
    const ErrnoEntry* found = entry(e);
    return found != nullptr ? found->text : "Unknown error";
}

}  // namespace netsim
