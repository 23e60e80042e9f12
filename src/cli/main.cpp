// netsim: argv to options to a command.
#include <cstdio>
#include <exception>
#include <new>

#include "cli/commands.hpp"
#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "netsim/result.hpp"

int main(int argc, char** argv) {
    using namespace netsim::cli;
    try {
        ignore_broken_pipes();
        const Options options = parse_options(argc, argv);
        switch (options.command) {
            case Command::kRun:
                return run_command(options);
            case Command::kLab:
                return lab_command(options);
            case Command::kCalibrate:
                return calibrate_command(options);
            case Command::kSysctl:
                return sysctl_command(options);
            case Command::kReplay:
                return replay_command(options);
            case Command::kTopo:
                return topo_command(options);
            case Command::kPacketdrill:
                return packetdrill_command(options);
            case Command::kLadder:
                return ladder_command(options);
            case Command::kPlot:
                return plot_command(options);
            case Command::kView:
                return view_command(options);
            case Command::kBench:
                return bench_command(options);
            case Command::kExec:
                return exec_command(options);
            case Command::kExplain:
                return explain_command(options);
            case Command::kShell:
                return shell_command(options);
            case Command::kDone:
                break;
        }
        return finish_stdout(options.exit_code);
    } catch (const netsim::InputError& error) {
        print_error(error.what());
    } catch (const std::bad_alloc&) {
        print_error("out of memory");
    } catch (const std::exception& error) {
        print_error(error.what());
    }
    return kExitUsage;
}
