// DjangoDatabase: the little that is asked of a database engine: which columns a table has, and the rows that a statement answers.
// Statements have `$1`, `$2` … for values, in the order of their first appearance; nothing that was read is ever part of one.

/// A column as the catalog has it.
struct DjangoColumn {
    var name: String
    /// The declared type, in lower case.
    var type: String
    var isPrimaryKey: Bool
}

/// An open database. Used by one thread at a time.
protocol DjangoDatabase: AnyObject {
    /// The columns of a table; none when there is no such table.
    func columns(of table: String) throws(DjangoDataError) -> [DjangoColumn]
    /// All rows that a statement answers; what bounds them is in the statement.
    func rows(_ statement: String, _ values: [DjangoValue]) throws(DjangoDataError) -> [[DjangoValue]]
    /// Runs `body` on one state of the database.
    func snapshot<Value>(_ body: () throws(DjangoDataError) -> Value) throws(DjangoDataError) -> Value
    /// An expression with the ASCII letters of `expression` in lower case, and at least these.
    func lowercased(_ expression: String) -> String
}

extension DjangoDatabase {
    /// The one number that a statement answers.
    func number(_ statement: String, _ values: [DjangoValue] = []) throws(DjangoDataError) -> Int64 {
        if case .integer(let number)? = try rows(statement, values).first?.first { number } else { 0 }
    }
}

/// A name in SQL, for both engines. Only names from ``DjangoTables`` and from the catalog are ever quoted.
func quoted(_ name: String) -> String {
    "\"" + name.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
}
