internal import Glibc
internal import JobSystem

@main struct Main {
    static func main() async {
        exit(await Jobd.run(Array(CommandLine.arguments.dropFirst())))
    }
}
