/** An invitation as the server shows it when it is answered or withdrawn. */
export function invitationDocument(id: string, organization: string, user: string): object {
  return {
    id,
    orgname: organization,
    username: user,
    organization: { deprecated: true, name: organization },
    user: 'deprecated',
    organization_admin_actor_id: 'deprecated',
  };
}
