import { Component, computed, inject, input } from '@angular/core';
import { MatButton, MatIconButton } from '@angular/material/button';
import { AgentCatalogue } from '@core/agents/agent-catalogue';
import { Icon } from '@shared/icon';
import { portLabel } from '../domain/catalogue';
import { remove } from '../domain/commands';
import { nodeName } from '../domain/words';
import { EditorActions } from '../state/editor-actions';
import { EditorStore } from '../state/editor-store';
import { EditorUi } from '../state/editor-ui';

interface ConnectionRow {
  readonly edgeId: string;
  readonly other: string;
  readonly text: string;
  readonly icon: string;
}

/** The edges of a node as a list, so that they can be followed, made and removed without a mouse. */
@Component({
  selector: 'k-node-connections',
  imports: [Icon, MatButton, MatIconButton],
  template: `
    <h3>Connections</h3>
    <ul>
      @for (row of rows(); track row.edgeId) {
        <li>
          <k-icon [name]="row.icon" [size]="16" />
          <button type="button" class="link k-ellipsis" (click)="open(row.other)">
            {{ row.text }}
          </button>
          <button
            matIconButton
            type="button"
            [attr.aria-label]="'Remove the connection ' + row.text"
            (click)="remove(row)"
          >
            <k-icon name="close" [size]="16" />
          </button>
        </li>
      } @empty {
        <li class="k-muted">Not connected yet.</li>
      }
    </ul>
    <button matButton type="button" (click)="connect()">
      <k-icon matButtonIcon name="add" />Connect to
    </button>
  `,
  styles: `
    :host {
      display: block;
      margin-top: 24px;
      padding-top: 16px;
      border-top: 1px solid var(--mat-sys-outline-variant);
    }
    ul {
      margin: 4px 0;
      padding: 0;
      list-style: none;
    }
    li {
      display: flex;
      align-items: center;
      gap: 8px;
      min-height: 32px;
    }
    k-icon {
      color: var(--mat-sys-on-surface-variant);
    }
    .link {
      flex: 1;
      padding: 4px 0;
      border: 0;
      background: transparent;
      color: inherit;
      font: inherit;
      text-align: left;
      cursor: pointer;
    }
    .link:hover {
      text-decoration: underline;
    }
    [matButton] {
      margin-left: -12px;
    }
    [matButtonIcon] {
      margin-right: 6px;
      color: inherit;
    }
  `,
})
export class NodeConnections {
  private readonly store = inject(EditorStore);
  private readonly ui = inject(EditorUi);
  private readonly actions = inject(EditorActions);
  private readonly catalogue = inject(AgentCatalogue);

  readonly nodeId = input.required<string>();

  protected readonly rows = computed<readonly ConnectionRow[]>(() => {
    const { nodes } = this.store.graph();
    const id = this.nodeId();
    const catalogue = this.catalogue.byType();
    return this.store.edges().flatMap((edge) => {
      const comes = edge.to === id;
      const other = nodes[comes ? edge.from : edge.to];
      if (!other || (!comes && edge.from !== id)) return [];
      const agent = catalogue.get(nodes[edge.from]?.agentType ?? '');
      const by = edge.fromPort ? ` by ${portLabel(edge.fromPort, agent)}` : '';
      return {
        edgeId: edge.id,
        other: other.id,
        text: `${comes ? 'From' : 'To'} ${nodeName(other, catalogue)}${by}`,
        icon: comes ? 'arrow_back' : 'arrow_forward',
      };
    });
  });

  protected open(nodeId: string): void {
    this.store.select([nodeId]);
    this.ui.canvas()?.reveal(nodeId);
  }

  protected remove(row: ConnectionRow): void {
    this.actions.do(remove([row.edgeId]), `Connection ${row.text} removed`);
  }

  protected connect(): void {
    this.ui.connectRequest.set({ from: this.nodeId(), fromPort: null });
  }
}
