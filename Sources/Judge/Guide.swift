import CheckFiles
import StrictYAML

/// A prerequisite of the documented set-up of a hybrid mesh, as `checks/guide.yaml` lists them.
package struct Prerequisite: Sendable, Equatable {
    /// By which checks name it, in their key `guide`.
    package let id: String
    /// What the documentation asks for, in this project's words.
    package let sentence: String

    /// Reads `guide.yaml`; a folder of checks may have none.
    ///
    /// - Throws: ``FileFault`` with line and column.
    static func list(_ files: CheckFiles) throws -> [Prerequisite] {
        guard let text = files.files["guide.yaml"] else { return [] }
        do {
            var root = try YAMLValue(parsing: text, file: "guide.yaml").mapping()
            let list = try root.required("prerequisites").list().map { entry in
                var keys = try entry.mapping()
                let prerequisite = try Prerequisite(
                    id: keys.required("id").string(), sentence: keys.required("sentence").string())
                try keys.finish()
                return prerequisite
            }
            try root.finish()
            return list
        } catch let error as YAMLError {
            throw FileFault(error)
        }
    }
}
