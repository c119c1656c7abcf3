# title: The control planes are more than one minor version apart
# symptom: Some features work in one direction only; proxies refuse configuration that they do not know.
# evidence: istiod's image in west is 1.21.6-asm.1, in east 1.24.6-asm.9.
# cause: Only one cluster was upgraded.
# remedy: Upgrade west to the revision of east, one minor version after the other.
# expect-fail: istiod-versions-match
# first: istiod-versions-match
apply() { mesh_variables west && use_istiod_image 1.21.6-asm.1; }
undo() { mesh_variables west && put_back && wait_deployment "$ISTIOD_PATH"; }
