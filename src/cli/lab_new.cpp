// The skeleton of a lab.
#include "cli/lab_new.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cctype>
#include <cerrno>
#include <cstring>

#include "netsim/result.hpp"

namespace netsim::cli {
namespace {

constexpr const char* kBody =
    R"lua(-- Question: What does connect() say when nobody listens on the port?
-- Watch: the answer to the SYN in the ladder, and how soon it comes.
-- Background:
--   Three to eight lines: what a student must know to predict what happens. This skeleton is a
--   whole lab already, so that you can change one thing at a time and look: netsim lab FILE runs
--   it, netsim lab FILE --quiz asks first, netsim lab test FILE tells what a lab still lacks.
--   docs/labs-writing.md says what each part is for.
-- Try: --delay 100ms
--   Predict first: does connect() fail later, and by how much?
-- Try: --port 81
--   Predict first: is the answer the same on another port?
-- Broken by: --without rst-to-closed-port
local p = netsim.params {              -- flags of this lab, each with its default
  delay = { "10ms", "one-way delay of the link" },
  port  = { 80, "the port the client tries" },
}

netsim.run(function(net)
  -- The scenario: hosts, links, and what processes do. At most a screen of code.
  local client, server = net:host("client"), net:host("server")
  net:link(client, server, { rate = "100mbit", delay = p.delay })
  net:watch_ladder()                   -- so that net:ladder() can draw it afterwards

  local errno, took
  client:spawn(function(host)
    local s = assert(host:tcp())
    s:settimeout("3s")                 -- so that the lab ends even if nobody answers
    local begun = host:now()
    local _, why, name = s:connect("server", p.port)
    errno, took = name or why, host:now() - begun
    s:close()
  end)
  net:run("5s")

  -- The observation: what the student looks at.
  print(net:ladder(client, server))

  -- A question to answer before looking; what is right comes from the run.
  netsim.quiz("What does connect() fail with?",
              { "ECONNREFUSED", "ETIMEDOUT", "EHOSTUNREACH", "timeout" }, errno)
  netsim.quiz("After how many milliseconds?", took * 1000, 1)

  -- The claims: a function of the results alone, so that it can judge a changed script, too.
  netsim.checks({ errno = errno, took = took, one_way = netsim.seconds(p.delay) }, function(r)
    netsim.expect_equal(r.errno, "ECONNREFUSED", "what connect() says")
    netsim.expect_near(r.took, 2 * r.one_way, 0.001, "seconds until it says so: one round trip")
  end)
end)
)lua";

}  // namespace

std::string lab_skeleton(const std::string& title, const std::string& chapter) {
    return "-- Lab: " + title + "\n-- Chapter: " + chapter + "\n" + kBody;
}

std::string lab_file_name(const std::string& title) {
    std::string name;
    for (const char c : title) {
        const auto u = static_cast<unsigned char>(c);
        if (std::isalnum(u) != 0) {
            name += static_cast<char>(std::tolower(u));
        } else if (!name.empty() && name.back() != '-') {
            name += '-';
        }
    }
    while (!name.empty() && name.back() == '-') {
        name.pop_back();
    }
    return (name.empty() ? "lab" : name) + ".lua";
}

void write_new_lab(const std::string& path, const std::string& text) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0) {
        throw InputError("lab new: " + path + ": " +
                         (errno == EEXIST ? "there is such a file already: name another"
                                          : std::strerror(errno)));
    }
    const ssize_t written = write(file, text.data(), text.size());
    const int error = errno;
    close(file);
    if (written != static_cast<ssize_t>(text.size())) {
        unlink(path.c_str());
        throw InputError("lab new: " + path + ": " + std::strerror(written < 0 ? error : ENOSPC));
    }
}

}  // namespace netsim::cli
