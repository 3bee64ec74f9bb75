// The conformance suite on both kinds of SQLite database.

import Store
import StoreConformance
import Testing

@testable import SQLStore

enum Engine: String, CaseIterable, Sendable {
    case file, memory
}

@Test("the store", arguments: Engine.allCases, Check.all)
func conforms(engine: Engine, check: Check) throws {
    switch engine {
    case .file:
        let directory = try TemporaryDirectory()
        let path = directory.path + "/martlet.sqlite"
        let store = try SQLStore.forTests(.file(path))
        defer { store.close() }
        try check.run(Database(store: store) { try SQLStore.forTests(.file(path)) })
    case .memory:
        guard !check.needsTwoInstances else { return }
        let store = try SQLStore.forTests(.memory)
        defer { store.close() }
        try check.run(Database(store: store) { store })
    }
}
