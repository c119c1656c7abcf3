# title: The clusters call their mesh by different ids
# symptom: Traffic flows, but dashboards show two meshes, each with half of the services.
# evidence: meshId in west's mesh configuration is proj-999, in east's proj-100200300400.
# cause: west was installed with the project of the cluster instead of the fleet's.
# remedy: Run asmcli again for west with --fleet_id of the fleet host project.
# expect-warning: mesh-id-shared
apply() {
  mesh_variables west
  change_text west "$MESH_CONFIG" mesh 's/meshId: .*/meshId: proj-999/'
  change_text west "$INJECTOR_CONFIG" values 's/"meshID": "[^"]*"/"meshID": "proj-999"/'
}
undo() { put_back; }
