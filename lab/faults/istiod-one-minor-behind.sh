# title: The control planes are one minor version apart
# symptom: None that must show; this is how a mesh looks while it is upgraded, and it should not stay so.
# evidence: istiod's image in west is 1.23.5-asm.2, in east 1.24.6-asm.9.
# cause: Only one cluster was upgraded.
# remedy: Upgrade west to the revision of east.
# expect-warning: istiod-versions-match
apply() { mesh_variables west && use_istiod_image 1.23.5-asm.2; }
undo() { mesh_variables west && put_back && wait_deployment "$ISTIOD_PATH"; }
