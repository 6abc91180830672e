internal import Dispatch
internal import Evidence
internal import GRDB

/// Rows of a query on a SQLite file, read-only; a locked database is a reading, not a wait.
///
/// The file is opened for each reading and closed after it: no lock outlives the query.
package struct SQLiteProbe: Probe {
    package static let maximumRows = 200
    static let maximumText = 1000
    package let name: String
    private let path: String
    private let query: String

    package init(name: String, path: String, query: String) {
        self.name = name
        self.path = path
        self.query = query
    }

    package func read() async -> ProbeReading {
        await withCheckedContinuation { continuation in
            // Blocking calls have no place on the cooperative pool.
            DispatchQueue.global().async { continuation.resume(returning: readNow()) }
        }
    }

    func readNow() -> ProbeReading {
        var configuration = Configuration()
        configuration.readonly = true
        configuration.busyMode = .immediateError
        do {
            let database = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? database.close() }
            return try database.read { database in
                let cursor = try Row.fetchCursor(database, sql: query)
                var rows: [[String: JSONValue]] = []
                while rows.count < Self.maximumRows, let row = try cursor.next() {
                    rows.append(Dictionary(row.map { ($0.0, Self.value($0.1)) }, uniquingKeysWith: { first, _ in first }))
                }
                return .rows(rows)
            }
        } catch let error as DatabaseError {
            return .failed(error.message ?? "SQLite error \(error.resultCode.rawValue)")
        } catch {
            return .failed("\(error)")
        }
    }

    private static func value(_ value: DatabaseValue) -> JSONValue {
        switch value.storage {
        case .null: .null
        case .int64(let number): .int(number)
        case .double(let number): .double(number)
        case .string(let text): .string(String(text.prefix(maximumText)))
        case .blob(let data): .string("<\(data.count) bytes>")
        }
    }
}
