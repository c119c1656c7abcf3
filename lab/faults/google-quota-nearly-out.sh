# title: The region's forwarding rules are nearly used up
# symptom: None; the next Services will stay without addresses.
# evidence: Quota FORWARDING_RULES of isthmus-east in europe-west1: 95 of 100.
# cause: Many Services of type LoadBalancer.
# remedy: Ask for more: https://console.cloud.google.com/iam-admin/quotas?project=isthmus-east
# expect-warning: quota-left
apply() { change_google "$GOOGLE_REGION_OF_EAST" '(.quotas[] | select(.metric == "FORWARDING_RULES")).usage = 95'; }
undo() { put_back; }
