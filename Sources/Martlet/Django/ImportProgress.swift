// ImportProgress: how far an import came, stored in the transaction of each batch. A run that was ended on the way, however, goes on
// behind its last batch; accounts that are there already are known by their external id in any case.

import DjangoData
import MartletEncoding

struct ImportProgress: Sendable, Hashable {
    /// What makes two runs one: the source and the rules.
    var run: String
    var stage = Stage.users
    /// The last row of the stage that is done; nil at its beginning.
    var position: DjangoPosition?
    var tally = ImportTally()
    /// The file of errors and how much of it belongs to what is done.
    var errorsPath: String?
    var errorsLength: Int64 = 0

    /// What a run does, in this order.
    enum Stage: String, Sendable {
        case users, tokens, done
    }

    init(run: String) { self.run = run }

    /// Reads a stored text; nil for anything else.
    init?(text: String) {
        guard let root = try? JSONDocument(parsing: Array(text.utf8)).root, let run = root["run"]?.string,
            let stage = root["stage"]?.string.flatMap(Stage.init(rawValue:)), let tally = ImportTally(stored: root["tally"]),
            let errorsLength = root["errors_length"]?.integer
        else { return nil }
        self.run = run
        self.stage = stage
        self.tally = tally
        self.errorsLength = errorsLength
        errorsPath = root["errors"]?.string
        if let after = root["after"]?.string {
            guard let position = DjangoPosition(text: after) else { return nil }
            self.position = position
        }
    }

    var text: String {
        let bytes = JSONWriter.object { writer in
            writer.member("run", run)
            writer.member("stage", stage.rawValue)
            writer.member("after", position?.text)
            writer.member("errors", errorsPath)
            writer.member("errors_length", errorsLength)
            writer.name("tally")
            tally.writeStored(to: &writer)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
