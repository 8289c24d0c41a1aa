# SPDX-License-Identifier: Apache-2.0
"""Calls STS forty times with botocore: sts_of_botocore.py STS_URL"""

import sys

import botocore.session

session = botocore.session.Session()
sts = session.create_client("sts", region_name="us-east-1", endpoint_url=sys.argv[1])
for _ in range(40):
    sts.get_caller_identity()
