internal import Glibc
internal import NIOCore

/// The program `jobd`: from its arguments to its exit code.
package enum Jobd {
    /// Runs until a signal stops it; gives the exit code (0, or one of sysexits.h).
    package static func run(_ arguments: [String]) async -> Int32 {
        let settings: Settings
        do {
            let options = try CommandLineOptions(arguments)
            if options.asksForHelp {
                print(CommandLineOptions.usage)
                return EX_OK
            }
            if options.describes {
                print(try Description.current.json)
                return EX_OK
            }
            var read = try SettingsReader.read(options.source)
            if let port = options.port { read.configuration.port = port }
            settings = read
        } catch {
            complain("\(error)")
            return EX_USAGE
        }
        signal(SIGPIPE, SIG_IGN)
        return await serve(settings)
    }

    private static func serve(_ settings: Settings) async -> Int32 {
        let server: JobServer
        do {
            server = try JobServer(settings: settings, output: LineOutput(descriptor: STDOUT_FILENO))
        } catch {
            complain("\(error)\n  check the key database, its folder, and who else uses the file")
            return EX_UNAVAILABLE
        }
        let limit = server.limitShutdown()
        defer { withExtendedLifetime(limit) {} }
        do {
            try await server.run(stopsOnSignals: true)
            return EX_OK
        } catch let error as IOError {
            let configuration = settings.configuration
            complain(
                "cannot listen on \(configuration.address):\(configuration.port): \(error)\n"
                    + "  choose another port (--port 0 takes a free one), or stop the program that has it")
            return EX_UNAVAILABLE
        } catch {
            complain("stopped by an error: \(error)")
            return EX_SOFTWARE
        }
    }

    private static func complain(_ text: String) {
        LineOutput(descriptor: STDERR_FILENO).write("jobd: \(text)\n")
    }
}
